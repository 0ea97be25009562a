# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts appended to a file.
#
# * `enabled`: append alerts to a file
# * `keep_alive`: keep the file open instead of opening it for each alert
# * `filename`: the file
type Falco::Settings::File_output = Struct[
  {
    Optional['enabled'] => Boolean,
    Optional['keep_alive'] => Boolean,
    Optional['filename'] => String,
  }
]
