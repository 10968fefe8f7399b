package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.Ffmpeg;

/// A small file system of a trial's own, gone when it is closed.
final class Disk implements AutoCloseable {
    private final Path folder;

    private Disk(Path folder) {
        this.folder = folder;
    }

    Path folder() {
        return folder;
    }

    /// Memory, of this size.
    static Disk memory(Trial trial, Path folder, int mebibytes) throws IOException {
        return mounted(trial, folder, "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "none");
    }

    /// An empty ext4 in an image file, which can be copied while it is in use.
    static Disk image(Trial trial, Path image, Path folder, int mebibytes) throws IOException {
        trial.needs("mkfs.ext4", "e2fsprogs");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mebibytes << 20);
        }
        run(List.of("mkfs.ext4", "-q", "-F", image.toString()));
        return existing(trial, image, folder);
    }

    static Disk existing(Trial trial, Path image, Path folder) throws IOException {
        return mounted(trial, folder, "-o", "loop", image.toString());
    }

    /// The folder `source` once more, with so many bytes a second at most.
    static Disk slow(Trial trial, Path source, Path folder, String bytesPerSecond) throws IOException {
        trial.needs("bindfs", "bindfs");
        Files.createDirectories(source);
        Files.createDirectories(folder);
        List<String> command = List.of("bindfs", "--write-rate=" + bytesPerSecond, source + "", folder + "");
        if (Ffmpeg.run(command).exitCode() != 0) {
            trial.skip("bindfs may not mount here");
        }
        return new Disk(folder);
    }

    private static Disk mounted(Trial trial, Path folder, String... how) throws IOException {
        Files.createDirectories(folder);
        List<String> command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(how));
        command.add(folder.toString());
        if (Ffmpeg.run(command).exitCode() != 0) {
            trial.skip("no right to mount a small disk here");
        }
        return new Disk(folder);
    }

    /// As the kernel does after an error: everything that is written from now on is refused.
    void becomeReadOnly() {
        run(List.of("mount", "-o", "remount,abort", folder.toString()));
    }

    static void run(List<String> command) {
        Ffmpeg.Result result = Ffmpeg.run(command);
        assertEquals(0, result.exitCode(), () -> command + ": " + result.err());
    }

    @Override
    public void close() {
        // Lazily: a server that hangs must not keep the mount of a failed trial.
        Ffmpeg.run(List.of("umount", "-l", folder.toString()));
    }
}
