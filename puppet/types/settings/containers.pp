# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Where container engines are asked about containers, as paths of the host. 0.15 has fixed ones.
#
# * `docker_sockets`: sockets of docker
# * `podman_sockets`: sockets of podman, where * stands for any name
# * `cri_sockets`: sockets of CRI runtimes; --cri overrides them
# * `wait_ms`: milliseconds that an event waits for what its container's engine answers
type Falco::Settings::Containers = Struct[
  {
    Optional['docker_sockets'] => Variant[String[1], Array[String[1]]],
    Optional['podman_sockets'] => Variant[String[1], Array[String[1]]],
    Optional['cri_sockets'] => Variant[String[1], Array[String[1]]],
    Optional['wait_ms'] => Integer[0],
  }
]
