# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts to a program's standard input.
#
# * `enabled`: hand alerts to a program
# * `keep_alive`: keep the program running instead of starting it for each alert
# * `program`: the command, run by the shell
type Falco::Settings::Program_output = Struct[
  {
    Optional['enabled'] => Boolean,
    Optional['keep_alive'] => Boolean,
    Optional['program'] => String,
  }
]
