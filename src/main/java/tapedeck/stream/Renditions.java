package tapedeck.stream;

import java.util.Optional;
import tapedeck.media.Track;

/// The question for sound in another codec. `transcode` answers it; whoever asks does not know how.
public interface Renditions {
    /// Converts nothing.
    Renditions NONE = _ -> Optional.empty();

    /// What can be had of `source` in AAC: empty if it is AAC already, or if it cannot be converted now.
    Optional<Offer> aac(Track source);

    /// A rendition that could begin.
    interface Offer {
        /// What `source` becomes, with the same id.
        Track track();

        /// Begins it.
        ///
        /// @param wake called when there is something to drain; from any thread, so it only schedules the work
        Rendition begin(Runnable wake);
    }
}
