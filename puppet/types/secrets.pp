# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Secrets of forwarders. Each is written to a file of its own, and the setting NAME_file names that file.
type Falco::Secrets = Struct[
  {
    Optional['webhook'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
        Optional['url'] => String[1],
        Optional['token'] => String[1],
        Optional['headers'] => String[1],
      }
    ],
    Optional['slack'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
        Optional['url'] => String[1],
        Optional['token'] => String[1],
        Optional['headers'] => String[1],
      }
    ],
    Optional['syslog'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
      }
    ],
    Optional['alertmanager'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
        Optional['url'] => String[1],
        Optional['token'] => String[1],
        Optional['headers'] => String[1],
      }
    ],
    Optional['elasticsearch'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
        Optional['url'] => String[1],
        Optional['token'] => String[1],
        Optional['headers'] => String[1],
      }
    ],
    Optional['loki'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
        Optional['url'] => String[1],
        Optional['token'] => String[1],
        Optional['headers'] => String[1],
      }
    ],
    Optional['nats'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
        Optional['token'] => String[1],
        Optional['credentials'] => String[1],
      }
    ],
    Optional['kafka'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
      }
    ],
    Optional['mqtt'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
      }
    ],
    Optional['redis'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
      }
    ],
    Optional['smtp'] => Struct[
      {
        Optional['password'] => String[1],
        Optional['key'] => String[1],
      }
    ],
  }
]
