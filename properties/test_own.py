"""Laws that stand beside the user's own operations, in the files of `--spec`."""

from seqlaws.properties.own.adding import tests_beside as beside

globals().update(beside())
