package tapedeck.peers.matrix;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Watches a program: when it opened its first socket (or wrote its offer), which is when it began to ask, and when the
/// first picture was in
/// the file that it writes. What a program needs before it asks (up to a second, beside others) is nothing that a
/// server can mend.
final class Arrival {
    private static final long POLL_MILLIS = 20;
    /// A head, and a keyframe of a small picture: whoever writes more has had one.
    private static final int LOOKED_AT = 256 * 1024;

    private final tapedeck.stream.Stream stream;
    private volatile Optional<Moment> asked = Optional.empty();
    private volatile Optional<Moment> came = Optional.empty();

    private Arrival(tapedeck.stream.Stream stream) {
        this.stream = stream;
    }

    static Arrival watch(tapedeck.stream.Stream stream, Process program, Path file, Optional<Path> offer) {
        Arrival arrival = new Arrival(stream);
        Thread.ofVirtual().start(() -> {
            try {
                arrival.follow(program, file, offer);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
        return arrival;
    }

    /// Nothing where it has not.
    Optional<Moment> asked() {
        return asked;
    }

    Optional<Moment> came() {
        return came;
    }

    private void follow(Process program, Path file, Optional<Path> offer) throws InterruptedException {
        for (boolean alive = true; came.isEmpty() && alive; ) {
            alive = program.isAlive();
            if (asked.isEmpty() && (offer.isPresent() ? Files.exists(offer.get()) : hasSocket(program))) {
                asked = Optional.of(Moment.of(stream));
            }
            if (FirstPicture.isIn(beginning(file))) {
                came = Optional.of(Moment.of(stream));
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }

    private static byte[] beginning(Path file) {
        if (!Files.exists(file)) {
            return new byte[0];
        }
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(LOOKED_AT);
        } catch (IOException _) {
            // It is being made.
            return new byte[0];
        }
    }

    /// The program runs below `timeout`. (All that [ProcessHandle] knows is costly: it reads about every process there
    /// is.)
    private static boolean hasSocket(Process program) {
        String pid = Long.toString(program.pid());
        try {
            String children = Files.readString(Path.of("/proc", pid, "task", pid, "children"));
            return children.lines()
                    .flatMap(line -> Stream.of(line.strip().split(" ")))
                    .anyMatch(Arrival::hasSocket);
        } catch (IOException _) {
            return false;
        }
    }

    private static boolean hasSocket(String pid) {
        try (Stream<Path> files = Files.list(Path.of("/proc", pid, "fd"))) {
            List<Path> all = files.toList();
            for (Path one : all) {
                if (Files.readSymbolicLink(one).toString().startsWith("socket:")) {
                    return true;
                }
            }
        } catch (IOException _) {
            // It is over, or one of its files is.
        }
        return false;
    }
}
