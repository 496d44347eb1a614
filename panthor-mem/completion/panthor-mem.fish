# SPDX-License-Identifier: MIT
# fish completion for panthor-mem(1)
#
# Other users choose the names of processes. fish takes what a function prints as
# candidates, quotes them, and does not evaluate them.

# Prints the PIDs of processes that hold GPU memory.
function __panthor_mem_pids
    panthor-mem list --pids 2>/dev/null | string match --regex '^[0-9]+$'
end

function __panthor_mem_names
    for pid in (__panthor_mem_pids)
        test -r /proc/$pid/comm
        or continue
        # The whole file but the last newline: a name can have several lines.
        set -l name (string collect --no-trim-newlines </proc/$pid/comm 2>/dev/null)
        set name (string replace --regex '\n\z' '' -- $name | string collect)
        # To fish, a description follows a TAB: it would complete another name.
        string match --quiet -- '*'\t'*' $name
        and continue
        printf '%s\0' $name
    end
end

function __panthor_mem_nodes
    for node in /dev/dri/*
        string match --regex '^(?:card|renderD)[0-9]+$' (string replace /dev/dri/ '' -- $node)
    end
end

set -l commands list watch reclaim claim
set -l more doctor metrics
set -l in '__fish_seen_subcommand_from'

complete -c panthor-mem -f
complete -c panthor-mem -n "not $in $commands $more" -a "$commands $more"
complete -c panthor-mem -n "not $in $commands $more" -l version -d 'The version'
complete -c panthor-mem -s h -l help -d 'A summary'
complete -c panthor-mem -n "$in $commands" -a '(__panthor_mem_pids)' -d Process
complete -c panthor-mem -n "$in $commands doctor" -s d -l device -x -a '(__panthor_mem_nodes)' -d 'A device'
complete -c panthor-mem -n "$in $commands" -s g -l cgroup -r -F \
    -d 'Every process in a cgroup'
complete -c panthor-mem -n "$in $commands" -s c -l comm -x -a '(__panthor_mem_names | string split0)' \
    -d 'Every process with a name'
complete -c panthor-mem -n "$in $commands" -l client -x -d 'A client'
complete -c panthor-mem -n "$in $commands $more" -s j -l json -d 'JSON objects'
complete -c panthor-mem -n "$in $commands" -s b -l bytes -d 'Sizes in bytes'
complete -c panthor-mem -n "$in $commands" -l color -x -a 'auto always never' -d Colour
complete -c panthor-mem -n "$in list watch" -l by -x -a 'process client cgroup' -d 'What each line shows'
complete -c panthor-mem -n "$in list watch" -l sort -x \
    -a 'size resident evicted shared pid name' -d 'The order of the lines'
complete -c panthor-mem -n "$in list" -s q -l pids -d 'Print only PIDs'
complete -c panthor-mem -n "$in watch" -s i -l interval -x -d 'Time between updates'
complete -c panthor-mem -n "$in watch" -l count -x -d 'Exit after this many updates'
complete -c panthor-mem -n "$in reclaim claim" -s n -l dry-run -d 'Say what would be done'
complete -c panthor-mem -n "$in reclaim claim" -s m -l max -x -d 'Stop after this much'
complete -c panthor-mem -n "$in reclaim claim" -l broker -x -a 'auto always never' -d 'Ask panthor-memd'
complete -c panthor-mem -n "$in reclaim claim metrics" -l metrics -r -F -d 'Add to the counters in a file'
complete -c panthor-mem -n "$in reclaim" -s w -l wait -x -d 'Wait for GPU work'
complete -c panthor-mem -n "$in reclaim" -l no-pageout -d 'Leave the pages in RAM'
complete -c panthor-mem -n "$in claim" -l prefetch -d 'Only read from swap'
