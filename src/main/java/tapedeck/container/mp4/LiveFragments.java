package tapedeck.container.mp4;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// A fragmented MP4 without an end: an initialization segment that says nothing of a duration, and fragments in the
/// time of the stream, so that whoever has the initialization segment can begin with any fragment that begins with a
/// keyframe.
public final class LiveFragments {
    private final List<TrackFragment> tracks = new ArrayList<>();
    private final Bytes init;
    private int sequenceNumber;

    /// @param tracks each of a codec that MP4 can carry
    public LiveFragments(List<Track> tracks, String title, Instant startedAt) {
        for (Track track : tracks) {
            // ffmpeg shows all of a track later by its lowest offset, if one is below 0 (8.8.8 allows them).
            this.tracks.add(new TrackFragment(track, false));
        }
        InitMovie movie = new InitMovie(List.copyOf(tracks), new MuxerOptions(startedAt, 0, title));
        BoxWriter out = new BoxWriter(2048);
        out.box(
                "ftyp",
                b -> b.ascii("iso6").u32(0x200).ascii("iso6").ascii("cmfc").ascii("mp41"));
        init = out.bytes(movie.writeLive()).toBytes();
    }

    public static boolean canCarry(Codec codec) {
        return SampleEntryWriter.canWrite(codec);
    }

    /// `ftyp` and `moov`.
    public Bytes init() {
        return init;
    }

    /// The same with a `free` (8.1.2) behind it, where it would be shorter than this.
    public Bytes init(int leastBytes) {
        if (init.length() >= leastBytes) {
            return init;
        }
        int padding = Math.max(0, leastBytes - init.length() - BoxWriter.HEADER_BYTES);
        return new BoxWriter(leastBytes + BoxWriter.HEADER_BYTES)
                .bytes(init)
                .box("free", body -> body.zeros(padding))
                .toBytes();
    }

    public boolean carries(Track track) {
        return find(track) >= 0;
    }

    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame; its parts are long
    private int find(Track track) {
        for (int i = 0; i < tracks.size(); i++) {
            Track known = tracks.get(i).track();
            if (known == track || known.equals(track)) {
                return i;
            }
        }
        return -1;
    }

    /// Adds a frame of a track that [#carries].
    public void write(Frame frame) {
        tracks.get(find(frame.track())).add(frame);
    }

    /// `moof` and `mdat` of all that was written since the last fragment; empty if that is nothing.
    public Bytes fragment() {
        List<TrackFragment> written = new ArrayList<>();
        for (TrackFragment track : tracks) {
            // MP4 has no time before 0, which the second track of a stream may have.
            var _ = track.leaveOutBefore(0);
            if (!track.frames().isEmpty()) {
                written.add(track);
            }
        }
        if (written.isEmpty()) {
            return Bytes.EMPTY;
        }
        long mediaBytes = 0;
        int frames = 0;
        for (TrackFragment track : written) {
            mediaBytes += track.sizeBytes();
            frames += track.frames().size();
        }
        BoxWriter out = new BoxWriter((int) mediaBytes + 256 + 16 * frames);
        int[] dataOffsetAt = new int[written.size()];
        sequenceNumber++;
        out.box("moof", moof -> {
            moof.fullBox("mfhd", 0, 0, b -> b.u32(sequenceNumber));
            for (int i = 0; i < dataOffsetAt.length; i++) {
                dataOffsetAt[i] = written.get(i).write(moof, 0);
            }
        });
        long dataOffset = (long) out.length() + BoxWriter.HEADER_BYTES;
        for (int i = 0; i < dataOffsetAt.length; i++) {
            out.patch32(dataOffsetAt[i], dataOffset);
            dataOffset += written.get(i).sizeBytes();
        }
        out.u32(BoxWriter.HEADER_BYTES + mediaBytes).ascii("mdat");
        for (TrackFragment track : written) {
            track.frames().forEach(frame -> out.bytes(frame.data()));
            track.clear();
        }
        return out.toBytes();
    }
}
