# @summary An absolute path, without anything that a shell, systemd or docker would take apart.
type Falco::Path = Pattern[/\A(\/[A-Za-z0-9_.@+-]+)+\z/]
