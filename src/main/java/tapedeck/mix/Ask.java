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
    /// @param speakers who is the loudest from when on, in the order of time, as far as it is known
    record OpenPictures(
            int mix, Pace pace, PictureEncoder.Options encoder, Scene scene, long fromTick, List<Speaker> speakers)
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

    /// Begins a mix of sound.
    ///
    /// @param fromSample the first sample that comes out
    /// @param mixed whether the sum is wanted: [Answer.Sound]
    /// @param heard whether it is wanted who is the loudest: [Answer.Loudest]
    record OpenSound(int mix, long fromSample, boolean mixed, boolean heard) implements Ask {}

    /// A source comes in.
    ///
    /// @param startNanos nothing of it is seen or heard before
    /// @param endNanos nor from then on
    record Join(int mix, int line, String name, int rotationDegrees, long startNanos, long endNanos, CodedSource source)
            implements Ask {}

    /// The packets of a source from here on are other ones.
    record Change(int mix, int line, CodedSource source) implements Ask {}

    record Packet(int mix, int line, long ptsNanos, boolean keyframe, Bytes data) implements Ask {}

    /// No more packets of this source.
    record End(int mix, int line) implements Ask {}

    /// Nothing of it is seen or heard from this time on.
    record Leave(int mix, int line, long nanos) implements Ask {}

    /// Its pictures from this time on have to be turned clockwise by so much.
    record Turn(int mix, int line, long fromNanos, int rotationDegrees) implements Ask {}

    /// From this time on this one is the loudest.
    record Speaks(int mix, long fromNanos, int line) implements Ask {}

    /// The next picture has to be a keyframe.
    record Keyframe(int mix) implements Ask {}

    /// What is before this tick or sample is left out.
    record Skip(int mix, long until) implements Ask {}

    /// All that is needed for it was sent: mix up to this tick or sample. Answered by [Answer.Done].
    record Advance(int mix, long until) implements Ask {}

    /// What is held back comes out, and the mix is over. Answered by [Answer.Done].
    record Finish(int mix) implements Ask {}
}
