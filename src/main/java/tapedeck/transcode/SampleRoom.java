package tapedeck.transcode;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/// Where a [Resampler] puts what it made: floats, each channel in a plane of its own.
interface SampleRoom {
    /// One pointer a channel, room for [#roomSamples].
    PointerPointer<Pointer> room();

    int roomSamples();

    /// So many samples were put into [#room].
    void filled(int samples);
}
