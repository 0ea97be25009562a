# @summary How the file of `file_output` is rotated.
#
# * `every`: how often
# * `keep`: how many old files are kept
# * `maxsize`: rotate earlier when the file is larger (`100M`)
# * `compress`: pack old files
type Falco::Rotation = Struct[
  {
    Optional['every']    => Enum['hourly', 'daily', 'weekly', 'monthly'],
    Optional['keep']     => Integer[0],
    Optional['maxsize']  => Pattern[/\A\d+[kMG]?\z/],
    Optional['compress'] => Boolean,
  }
]
