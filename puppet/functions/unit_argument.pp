# @summary A word of a command as systemd takes it in a unit: quoted, with nothing in it expanded.
#
# @param word
#   The word.
#
# @return [String] the word, in quotes
function falco::unit_argument(Falco::Argument $word) >> String {
  $plain = $word.regsubst('([\\\\"])', '\\\\\1', 'G').regsubst('%', '%%', 'G').regsubst('\$', '$$', 'G')
  "\"${plain}\""
}
