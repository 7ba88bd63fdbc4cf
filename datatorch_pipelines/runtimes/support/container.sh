# A container for one step (see docker.py), for any POSIX shell. CLIENT is a command line, quoted for a shell.
#
#   image CLIENT POLICY IMAGE
#       Prints the image's id; fetches it as POLICY says (missing, always, never).
#   run CLIENT NAME IMAGE WORKSPACE TEMP MOUNT MOUNT WORDS...
#       Starts the container NAME by `CLIENT WORDS...`, and ends as it does. The folders are mounted by the two MOUNTs.
#   end CLIENT NAME IMAGE WORKSPACE TEMP MOUNT MOUNT
#       Ends the container NAME, unless `run` saw its end.
#
# Whoever ends a process of docker's command line leaves its container running. So a watcher, whom nobody finds who ends
# the step's processes, waits for `run` to say goodbye; without one it removes the container.

client() { eval "$client"' "$@"'; }

absent() { echo "neither docker nor podman is installed where the step runs" >&2 && exit 41; }

fetch() {
  echo "fetching the image $image" >&2
  client pull --quiet "$image" >/dev/null && return
  client version >/dev/null || exit 42
  exit 44
}

remove() { client rm --force --volumes "$name" >/dev/null 2>&1; }

# Gives files that the container's user made to the user who has to delete them.
own() {
  user=$(id -u)
  if [ "$user" -eq 0 ] || [ -z "$(find "$workspace" "$temp" ! -user "$user" 2>/dev/null | head -n 1)" ]; then return; fi
  client run --rm --pull=never --network=none --user=0:0 "$mount" "$mount_temp" --entrypoint=chown "$image" \
    -hR "$user:$(id -g)" "$workspace" "$temp" >/dev/null 2>&1 && return
  echo "warning: the container left files that belong to its own user, and that can't be deleted here" >&2
}

# Starts the watcher: in a session of its own, without a parent, and without the variables of the step.
watch_over() {
  for word in "$@"; do
    case $word in --env=*) set -- "$@" -u "${word#--env=}" ;; esac
    shift
  done
  session=
  ! command -v setsid >/dev/null || session=setsid
  (env "$@" $session sh "$script" watch "$client" "$name" "$image" "$workspace" "$temp" "$mount" "$mount_temp" &)
}

script=$0 mode=$1 client=$2
case $client in
docker) command -v docker >/dev/null || if command -v podman >/dev/null; then client=podman; else absent; fi ;;
esac

if [ "$mode" = image ]; then
  policy=$3 image=$4
  [ "$policy" != always ] || fetch
  client image inspect --format '{{.Id}}' "$image" 2>/dev/null && exit
  client version >/dev/null || exit 42
  [ "$policy" = missing ] || exit 43
  fetch
  client image inspect --format '{{.Id}}' "$image"
  exit
fi

name=$3 image=$4 workspace=$5 temp=$6 mount=$7 mount_temp=$8
shift 8
goodbye=$temp/$name
case $mode in
run)
  mkfifo -m 600 "$goodbye" || exit 125
  exec 9<>"$goodbye" 5<&0
  # The watcher holds the output of this until it can't be found any more.
  : "$(exec 9>&- && watch_over "$@")"
  trap 'echo stop >&9' TERM INT HUP
  (eval "exec $client"' "$@"') <&5 9>&- &
  started=$!
  wait "$started"
  status=$?
  while kill -0 "$started" 2>/dev/null; do
    wait "$started"
    status=$?
  done
  trap - TERM INT HUP
  # Killed was the container, or docker's command line alone: then there is still one.
  if [ "$status" -le 128 ] || remove; then echo "done" >&9; fi
  exec 9>&-
  rm -f -- "$goodbye"
  own
  if [ "$status" -gt 128 ]; then
    ulimit -c 0
    kill "-$((status - 128))" "$$"
  fi
  exit "$status"
  ;;
watch)
  exec <"$goodbye" >/dev/null 2>&1
  cd /
  trap '' TERM INT HUP
  while read -r word; do
    case $word in
    done) exit ;;
    stop) (sleep 0.2 || sleep 1; client kill "$name") & ;;
    esac
  done
  # One that is being made at this moment is there a little later.
  for pause in 0.2 0.5 1; do
    remove
    sleep "$pause" || sleep 1
  done
  own
  ;;
end)
  [ -p "$goodbye" ] || exit 0
  remove
  own
  ;;
esac
