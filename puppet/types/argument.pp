# @summary A word of a command line, in one line.
type Falco::Argument = Pattern[/\A[^\r\n\0]*\z/]
