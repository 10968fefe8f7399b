package tapedeck.mix;

import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.picture.PictureEncoder;

/// What a worker is asked, in order.
sealed interface Ask {
    /// Which mix of the worker's it is for.
    int mix();

    /// Begins a mix of pictures.
    ///
    /// @param fromTick the first picture that comes out
    /// @param speakers who is the loudest from when on, in the order of time
    record OpenPictures(int mix, PictureEncoder.Options encoder, Scene scene, long fromTick, List<Speaker> speakers)
            implements Ask {
        public OpenPictures {
            speakers = List.copyOf(speakers);
        }
    }

    /// @param line of the pictures
    record Speaker(long fromNanos, int line) {}

    /// What is seen besides the pictures.
    ///
    /// @param names whether the names of streams are drawn
    /// @param backgroundRgb behind all
    /// @param images drawn over all, in this order; those that fill the picture and are `behind` below all
    record Scene(Layout layout, boolean names, int backgroundRgb, List<Image> images, List<Caption> captions) {
        public Scene {
            images = List.copyOf(images);
            captions = List.copyOf(captions);
        }
    }

    /// A file with a picture.
    record Image(String path, int x, int y, int width, int height, boolean behind) {}

    /// @param height of its letters
    record Caption(String text, int x, int y, int height) {}

    /// Begins a mix of sound at time 0.
    ///
    /// @param heard only who is the loudest is wanted: [Answer.Loudest] comes instead of sound
    record OpenSound(int mix, boolean heard) implements Ask {}

    /// A source comes in.
    ///
    /// @param startNanos nothing of it is seen or heard before
    /// @param endNanos nor from then on
    record Join(int mix, int line, String name, int rotationDegrees, long startNanos, long endNanos, CodedSource source)
            implements Ask {}

    /// The packets of a source from here on are other ones.
    record Change(int mix, int line, CodedSource source) implements Ask {}

    record Packet(int mix, int line, long ptsNanos, Bytes data) implements Ask {}

    /// No more packets of this source.
    record End(int mix, int line) implements Ask {}

    /// All that is needed for it was sent: mix up to this tick or sample. Answered by [Answer.Done].
    record Advance(int mix, long until) implements Ask {}

    /// What is held back comes out, and the mix is over. Answered by [Answer.Done].
    record Finish(int mix) implements Ask {}
}
