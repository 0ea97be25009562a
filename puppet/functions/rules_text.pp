# @summary The text of a rules file.
#
# @param rules
#   Text, or the items of the file.
#
# @return [String] the text
function falco::rules_text(Variant[String, Array[Hash]] $rules) >> String {
  $rules ? {
    String  => $rules,
    default => "# Managed by Puppet.\n${falco::yaml($rules)}",
  }
}
