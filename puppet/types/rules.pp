# @summary A rules file: its text, its items (lists, macros and rules as hashes), or where a file server has it.
type Falco::Rules = Variant[
  String,
  Array[Hash[String[1], Data]],
  Struct[{ source => Variant[String[1], Array[String[1], 1]] }]
]
