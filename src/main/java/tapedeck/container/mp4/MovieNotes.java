package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;

/// What a file of many streams says of what happened in it, each time a JSON object.
public final class MovieNotes {
    /// What is read at most.
    static final int MAX_BYTES = 64 << 20;

    private MovieNotes() {}

    /// In the order of time; none if the file has no such track.
    ///
    /// @throws MalformedException if it is no such file, or says too much
    public static List<Bytes> of(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        TopBox moov = Mp4Reader.find(boxes, "moov");
        Movie movie = Movie.read(boxes, moov);
        List<Bytes> notes = new ArrayList<>();
        long bytes = 0;
        for (MovieTrack track : movie.tracks()) {
            if (!SampleEntryReader.type(Box.need("stbl", track.tableBoxes(), "stsd"))
                    .equals(NoteTrack.ENTRY)) {
                continue;
            }
            SampleCursor cursor = movie.samples(boxes, moov, track);
            while (cursor.next()) {
                bytes += cursor.size();
                if (bytes > MAX_BYTES || cursor.offset() > boxes.size() - cursor.size()) {
                    throw new MalformedException(
                            "MP4: a note of %d bytes at %d".formatted(cursor.size(), cursor.offset()));
                }
                notes.add(boxes.read(cursor.offset(), cursor.size()));
            }
        }
        return notes;
    }
}
