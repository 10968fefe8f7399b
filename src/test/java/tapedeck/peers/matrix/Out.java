package tapedeck.peers.matrix;

import java.nio.file.Path;
import tapedeck.stream.Stream;

/// A way out, with somebody who takes it.
interface Out {
    /// What [Out#start] does.
    @FunctionalInterface
    interface Start {
        Player start(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception;
    }

    String name();

    /// For the table.
    String title();

    /// Whether that program can take these codecs at all, whoever the server is.
    boolean takes(Clip.Codecs codecs);

    /// Begins to take a stream that is live.
    ///
    /// @param file where to
    Player start(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception;
}
