package tapedeck.faults;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import tapedeck.peers.Ffmpeg;

/// One run of one fault: where it may write, how long it may take, and what it found.
///
/// @param rounds how often the fault is made; what a round is, each fault says itself
/// @param thorough whether this is a run by hand, which may take minutes, and not one in `./check`
record Trial(String name, Path dir, int rounds, boolean thorough, Random random) {
    static Trial of(String name, Path dir, int rounds, boolean thorough) {
        return new Trial(name, dir, rounds, thorough, new Random(Long.getLong("tapedeck.faults.seed", 1)));
    }

    /// The line that says what was found.
    void result(String format, Object... figures) {
        System.out.printf(Locale.ROOT, "fault %-12s %s%n", name, String.format(Locale.ROOT, format, figures));
    }

    /// An empty folder of its own for one round.
    Path folder(String folder) throws Exception {
        return Files.createDirectories(dir.resolve(folder));
    }

    /// Goes on only if these programs are installed; the names are those of Debian's packages.
    void needs(String program, String debianPackage) {
        if (Ffmpeg.run(List.of("/bin/sh", "-c", "command -v " + program)).exitCode() != 0) {
            skip(program + " is missing, please install " + debianPackage);
        }
    }

    void needsFile(Path file, String debianPackage) {
        if (!Files.exists(file)) {
            skip(file + " is missing, please install " + debianPackage);
        }
    }

    /// Ends the trial without a verdict, but never silently.
    void skip(String reason) {
        System.out.printf("fault %-12s SKIPPED: %s%n", name, reason);
        Assumptions.abort(reason);
    }
}
