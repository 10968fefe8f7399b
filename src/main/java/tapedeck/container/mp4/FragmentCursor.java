package tapedeck.container.mp4;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import tapedeck.container.mp4.FileBoxes.TopBox;

/// The samples of one track in the `moof`s of a fragmented file, one `moof` at a time.
final class FragmentCursor implements SampleCursor {
    private final FileBoxes boxes;
    private final Movie movie;
    private final int trackId;
    private final SampleBudget budget;
    private final Deque<TrackRun> runs = new ArrayDeque<>();
    private long at;
    private @Nullable TrackRun run;
    private int index;
    private long nextOffset;
    private long nextDecode;
    private long offset;
    private long decode;

    /// @param start behind the `moov`
    FragmentCursor(FileBoxes boxes, Movie movie, int trackId, long start) {
        this.boxes = boxes;
        this.movie = movie;
        this.trackId = trackId;
        budget = SampleBudget.ofWalk(boxes.size());
        this.at = start;
    }

    @Override
    public boolean next() throws IOException {
        index++;
        TrackRun current = run;
        while (current == null || index >= current.count()) {
            current = nextRun();
            if (current == null) {
                return false;
            }
        }
        offset = nextOffset;
        decode = nextDecode;
        nextOffset += current.size(index);
        nextDecode += current.duration(index);
        return true;
    }

    private @Nullable TrackRun nextRun() throws IOException {
        while (runs.isEmpty()) {
            TopBox box = boxes.at(at);
            if (box == null || box.end() > boxes.size()) {
                return null;
            }
            at = box.end();
            if (box.type().equals("moof")) {
                runs.addAll(movie.runs(boxes, box, budget, trackId));
            }
        }
        TrackRun next = runs.remove();
        run = next;
        index = 0;
        nextOffset = next.offset();
        if (next.decodeTime() != TrackRun.UNKNOWN) {
            nextDecode = next.decodeTime();
        }
        return next;
    }

    private TrackRun current() {
        TrackRun current = run;
        if (current == null) {
            throw new IllegalStateException("no sample yet");
        }
        return current;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public int size() {
        return current().size(index);
    }

    @Override
    public long decodeTicks() {
        return decode;
    }

    @Override
    public long durationTicks() {
        return current().duration(index);
    }

    @Override
    public int compositionOffset() {
        return current().compositionOffset(index);
    }

    @Override
    public boolean isSync() {
        return current().isSync(index);
    }
}
