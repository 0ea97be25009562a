# @summary Name of a file in rules.d, without `.yaml`. Files are loaded sorted by name.
type Falco::Rules_name = Pattern[/\A[A-Za-z0-9_-][A-Za-z0-9_.-]*\z/]
