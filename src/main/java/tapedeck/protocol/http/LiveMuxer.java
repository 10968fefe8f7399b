package tapedeck.protocol.http;

import java.util.List;
import tapedeck.stream.Item;

/// Turns the frames of a stream into parts that any number of players get. Used from one thread.
interface LiveMuxer {
    /// Returns false if this frame cannot follow on what was written, so that players have to begin anew.
    boolean write(Item.Media media);

    /// What has become of all frames so far, as far as it can leave; a picture that somebody can begin with is always
    /// the first of its part.
    List<Part> take();
}
