package tapedeck.container.mp4;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.container.CodedTrack;
import tapedeck.container.StoredBytes;
import tapedeck.container.mp4.Movie.MovieTrack;
import tapedeck.container.mp4.Mp4Reader.ReadTrack;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// The frames of an MP4 file in the order of their decoding times: the first picture and the first sound of codecs that
/// we know.
public final class MovieFrames {
    /// As much as a fragment may have: a second at 250 Mbit/s.
    static final int MAX_SAMPLE_BYTES = 32 << 20;

    private final Mp4Reader reader;
    private final List<Line> lines;

    private static final class Line {
        private final ReadTrack track;
        private final CodedTrack coded;
        private int next;

        Line(ReadTrack track, CodedTrack coded) {
            this.track = track;
            this.coded = coded;
        }

        private long dtsNanos() {
            return TrackClock.nanos(track.samples().decodeTicks(next) + track.shiftTicks(), track.timescale());
        }
    }

    private MovieFrames(Mp4Reader reader, List<Line> lines) {
        this.reader = reader;
        this.lines = lines;
    }

    /// Whether its samples are told fragment by fragment: an index is what [#open] makes then, reading all of it.
    ///
    /// @throws tapedeck.bytes.MalformedException if it is no such file
    public static boolean isFragmented(StoredBytes file, int mostIndexBytes) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        return Movie.parse(boxes.body(Mp4Reader.find(boxes, "moov"), mostIndexBytes))
                .fragmented();
    }

    /// @param mostIndexBytes of the `moov`; a quarter as many samples are allowed
    /// @throws tapedeck.bytes.MalformedException if it is no such file
    public static MovieFrames open(StoredBytes file, int mostIndexBytes) throws IOException {
        Mp4Reader reader = Mp4Reader.open(file, mostIndexBytes);
        FileBoxes boxes = new FileBoxes(file);
        Movie movie = Movie.parse(boxes.body(Mp4Reader.find(boxes, "moov"), mostIndexBytes));
        List<Line> lines = new ArrayList<>();
        boolean video = false;
        boolean audio = false;
        for (ReadTrack track : reader.tracks()) {
            Codec codec = track.codec();
            boolean isVideo = codec instanceof Codec.Video;
            if (codec == null || (isVideo ? video : audio) || track.samples().count() == 0) {
                continue;
            }
            video |= isVideo;
            audio |= !isVideo;
            int nalLengthBytes = 0;
            for (MovieTrack said : movie.tracks()) {
                nalLengthBytes = said.id() == track.id() ? FragmentDemuxer.nalLengthBytes(said) : nalLengthBytes;
            }
            lines.add(new Line(track, CodedTrack.of(isVideo ? Track.VIDEO : Track.AUDIO, codec, nalLengthBytes)));
        }
        return new MovieFrames(reader, lines);
    }

    /// Those whose frames come.
    public List<Track> tracks() {
        return lines.stream().flatMap(line -> line.coded.track().stream()).toList();
    }

    /// Goes to the last picture at or before this time that can be begun with, and to the sound beside it.
    public void seek(long nanos) {
        long from = nanos;
        for (Line line : lines) {
            if (line.track.codec() instanceof Codec.Video) {
                line.next = 0;
                int best = 0;
                for (; line.next < line.track.samples().count() && line.dtsNanos() <= nanos; line.next++) {
                    best = line.track.samples().isSync(line.next) ? line.next : best;
                }
                line.next = best;
                from = line.dtsNanos();
            }
        }
        for (Line line : lines) {
            if (line.track.codec() instanceof Codec.Audio) {
                line.next = 0;
                while (line.next < line.track.samples().count() && line.dtsNanos() < from) {
                    line.next++;
                }
            }
        }
    }

    /// Null at the end.
    ///
    /// @throws tapedeck.bytes.MalformedException where the file contradicts itself
    public @Nullable Frame next() throws IOException {
        while (true) {
            Line first = null;
            for (Line line : lines) {
                if (line.next < line.track.samples().count() && (first == null || line.dtsNanos() < first.dtsNanos())) {
                    first = line;
                }
            }
            if (first == null) {
                return null;
            }
            int bytes = first.track.samples().size(first.next);
            if (bytes > MAX_SAMPLE_BYTES) {
                throw new MalformedException(
                        "MP4: a sample of %d bytes, at most %d allowed".formatted(bytes, MAX_SAMPLE_BYTES));
            }
            Frame stored = reader.frame(first.track, first.next++);
            Frame frame = first.coded.frame(stored.dtsNanos(), stored.ptsNanos(), stored.keyframe(), stored.data());
            if (frame != null) {
                return frame;
            }
        }
    }
}
