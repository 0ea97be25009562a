# @summary The arguments of `docker run`, besides name, configuration and image.
#
# @param given
#   The name of a set, or the arguments themselves.
#
# @return [Array[String]] the arguments
function falco::run_arguments(Variant[Enum['privileged', 'least'], Array[Falco::Argument]] $given) >> Array[String] {
  $host = [
    '--pid', 'host',
    '--volume', '/var/run/docker.sock:/host/var/run/docker.sock:ro',
    '--volume', '/proc:/host/proc:ro',
    '--volume', '/lib/modules:/host/lib/modules:ro',
    '--volume', '/usr/src:/host/usr/src:ro',
    '--volume', '/etc/passwd:/host/etc/passwd:ro',
    '--volume', '/etc/group:/host/etc/group:ro',
    '--volume', 'falco-cache:/var/cache/falco',
    '--volume', 'falco-lib:/var/lib/falco',
  ]
  $given ? {
    'privileged' => ['--privileged'] + $host,
    'least'      => [
      '--read-only',
      '--cap-drop', 'ALL',
      '--cap-add', 'SYS_ADMIN',
      '--cap-add', 'SYS_PTRACE',
      '--cap-add', 'DAC_READ_SEARCH',
      '--security-opt', 'no-new-privileges',
      '--security-opt', 'apparmor=unconfined',
    ] + $host,
    default      => $given,
  }
}
