package tapedeck.record;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// Which names in the folder of recordings are free, and who was given which: a name is held for a file, from its first
/// frame on where it is known by then, until the file has it.
final class FileNames {
    private final Path folder;
    // Guarded by this: the file's id by name.
    private final Map<String, String> held = new HashMap<>();

    FileNames(Path folder) {
        this.folder = folder;
    }

    /// The first free name for the file of this id: of files with the same name the second gets `-2`.
    synchronized String take(String id, String base, int index, String extension) {
        // Doubling, then halving: a thousand files of one name cost twenty questions.
        int free = 1;
        while (taken(id, Naming.file(base, index, free, extension))) {
            free *= 2;
        }
        int used = free / 2;
        while (free - used > 1) {
            int middle = (free + used) / 2;
            if (taken(id, Naming.file(base, index, middle, extension))) {
                used = middle;
            } else {
                free = middle;
            }
        }
        String name = Naming.file(base, index, free, extension);
        held.put(name, id);
        return name;
    }

    /// This very name for the file of this id; false if somebody else has it.
    synchronized boolean take(String id, String name) {
        boolean free = !taken(id, name);
        if (free) {
            held.put(name, id);
        }
        return free;
    }

    private boolean taken(String id, String name) {
        return !held.getOrDefault(name, id).equals(id) || Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS);
    }

    /// The file of this id has its name, or needs none any more.
    synchronized void release(String id) {
        held.values().removeIf(id::equals);
    }
}
