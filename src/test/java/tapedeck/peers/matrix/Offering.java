package tapedeck.peers.matrix;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// A player that makes an offer first, which takes it a second: what it asks for it asks with that.
///
/// @param offer a file, written when the offer is sent
/// @param startMillis when the program was started, by the clock of files
record Offering(Program program, Path offer, long startMillis) implements Player {
    @Override
    public Taken taken(Clip clip) throws Exception {
        return program.taken(clip);
    }

    @Override
    public long askedNanos() {
        try {
            long laterMillis =
                    Files.exists(offer) ? Files.getLastModifiedTime(offer).toMillis() - startMillis : 0;
            return program.askedNanos() + TimeUnit.MILLISECONDS.toNanos(laterMillis);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void stop() {
        program.stop();
    }
}
