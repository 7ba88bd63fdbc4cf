# The far end of a command that runs over a byte pipe (see remote.py), for any POSIX shell. What is specific to the
# command comes before this text: the variables tag, mark, size and the function command_here.
#
# Descriptors: 3 the lifeline, 4 the command's input, 5 and 7 the real output, 6 from the command's shell to the keeper.

say() {
  printf '%s%s;' "$tag" "$1" >&5
  printf '%s%s;' "$tag" "$1" >&7
}

# Sets $found to the living processes of the command: those of its session, those that carry its mark, and their
# children. Each entry of $table is PROCESS:PARENT:SESSION:.
find_all() {
  table= found=" "
  for folder in /proc/[0-9]*; do
    read -r stat <"$folder/stat" || continue
    set -- ${stat##*) }
    case $1 in Z | X) continue ;; esac
    table="$table ${folder#/proc/}:$2:$4:"
  done
  for file in $(find_marked); do
    file=${file#/proc/}
    found="$found${file%/environ} "
  done
  before=none
  while [ "$found" != "$before" ]; do
    before=$found
    for entry in $table; do
      parent=${entry#*:}
      case $found in *" ${entry%%:*} "*) continue ;; esac
      case $entry in *:"$session":) found="$found${entry%%:*} " ;; esac
      case $found in *" ${parent%%:*} "*) found="$found${entry%%:*} " ;; esac
    done
  done
  found=${found# }
}

find_marked() {
  [ -z "$mark" ] || grep -l -z -x -F -e "$mark" /proc/[0-9]*/environ
}

# A group is signalled in the one way that dash, bash and busybox agree on: no -s, no --.
signal_all() {
  kill "-$1" "-$session"
  for process in $found; do
    kill -s "$1" "$process"
    kill -s CONT "$process"
  done
}

one_lives() {
  for process in $found; do
    kill -s 0 "$process" && return
  done
  return 1
}

# Ends them: SIGTERM, half a second of grace, SIGKILL until none is left.
end_all() {
  find_all
  signal_all TERM
  round=0
  while [ $round -lt 10 ] && one_lives; do
    sleep 0.05 || sleep 1
    round=$((round + 1))
  done
  find_all
  while [ -n "$found" ] && [ $round -lt 50 ]; do
    signal_all KILL
    sleep 0.02 || sleep 1
    round=$((round + 1))
    find_all
  done
  [ -d /proc/self ] || kill -KILL "-$session"
}

# Reads of the command's shell how the command fares, tells the near end, and ends all when the lifeline closes.
keep() {
  read -r word value
  case $word in
  session) session=$value ;;
  refused) say "refused $value" && return ;;
  *) say "refused variables" && return ;;
  esac
  {
    exec 3<&- 4<&- 5>&- 7>&-
    while read -r line; do :; done
    end_all
  } <&3 >/dev/null 2>&1 &
  watch=$!
  if ! read -r word value; then
    end_all 2>/dev/null
    say "refused keeper"
    kill "$watch"
    return
  fi
  left=
  if kill -0 "-$session" || [ -n "$(find_marked)" ]; then left=left; fi 2>/dev/null
  say "exit $value $left"
  if [ -n "$left" ]; then wait "$watch"; else kill "$watch"; fi
}

exec 3<&0 4</dev/null 5>&1 7>&2 0</dev/null
say start
if ! command -v setsid >/dev/null; then
  say "refused setsid"
  exit
fi
if [ "$size" -gt 0 ]; then
  if file=$(mktemp "${TMPDIR:-/tmp}/datatorch-input-XXXXXX") && head -c "$size" <&3 >"$file" &&
    [ "$(wc -c <"$file")" -eq "$size" ] && exec 4<"$file"; then
    rm -f -- "$file"
  else
    rm -f -- "$file"
    say "refused input"
    exit
  fi
fi
{
  (
    exec 6>&1 0<&4 1>&5 2>&7 3<&- 4<&- 5>&- 7>&-
    command_here
  )
  echo "exit $?"
} 2>/dev/null | keep
