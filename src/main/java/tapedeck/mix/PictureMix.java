package tapedeck.mix;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.NativeFailure;
import tapedeck.transcode.picture.Area;
import tapedeck.transcode.picture.Canvas;
import tapedeck.transcode.picture.Overlay;
import tapedeck.transcode.picture.PictureEncoder;
import tapedeck.transcode.picture.PictureSource;
import tapedeck.transcode.picture.Tile;

/// The pictures of all sources in one, tick by tick: each source shows the last picture that is due. Only what changed
/// is painted. Only in a worker.
final class PictureMix implements Engine {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Pace pace;
    private final int ticksPerSecond;
    private final Ask.Scene scene;
    private final Canvas canvas;
    private final PictureEncoder encoder;
    private final Lettering lettering = new Lettering();
    private final List<Placed> fixed;
    private final Map<Integer, Seat> seats = new TreeMap<>();
    private List<Shown> shown = List.of();
    private final Deque<Ask.Speaker> speakers;
    /// The line of the loudest.
    private int speaker = -1;
    private long tick;
    private int damaged;

    /// Who sits in a tile.
    private static final class Seat {
        private final int line;
        private final String name;
        private final long startNanos;
        private long endNanos;
        private final PictureSource source = new PictureSource();
        private final Tile tile;
        private final Deque<Ask.Turn> turns = new ArrayDeque<>();
        private boolean caughtUp;
        private @Nullable Overlay label;
        private int labelWidth;

        Seat(Ask.Join join) {
            line = join.line();
            name = join.name();
            startNanos = join.startNanos();
            endNanos = join.endNanos();
            tile = new Tile(source, join.rotationDegrees());
            source.source(join.source());
        }

        /// Goes on to the picture of this time.
        ///
        /// @return whether there is one that is to be seen
        private boolean advance(long nanos, Pace pace) {
            boolean there = source.advance(nanos, pace.picturesPerTick(), pace.catchUpNanos());
            // The past with which a stream is joined is not shown in fast motion.
            caughtUp |= there && !source.isBehind();
            if (!caughtUp || nanos - source.currentNanos() > pace.leavesAfterNanos()) {
                return false;
            }
            while (!turns.isEmpty() && turns.getFirst().fromNanos() <= source.currentNanos()) {
                tile.turn(turns.removeFirst().rotationDegrees());
            }
            tile.prepare();
            return true;
        }
    }

    /// A seat and where its picture stands.
    private record Shown(Seat seat, Area target) {}

    /// An overlay that stays.
    private record Placed(Overlay overlay, Area area) {}

    PictureMix(Ask.OpenPictures open, PictureEncoder.Sink sink) {
        PictureEncoder.Options options = open.encoder();
        pace = open.pace();
        ticksPerSecond = options.ticksPerSecond();
        scene = open.scene();
        tick = open.fromTick();
        speakers = new ArrayDeque<>(open.speakers());
        canvas = new Canvas(options.width(), options.height(), scene.backgroundRgb());
        encoder = new PictureEncoder(options, pace == Pace.LIVE, sink);
        fixed = new ArrayList<>();
        for (Ask.Image image : scene.images()) {
            Overlay overlay = Lettering.image(image);
            if (overlay != null && image.behind()) {
                canvas.background(overlay);
            } else if (overlay != null) {
                place(overlay, image.x(), image.y());
            }
        }
        for (Ask.Caption caption : scene.captions()) {
            Overlay overlay = lettering.draw(caption.text(), caption.height(), options.width() - caption.x());
            if (overlay != null) {
                place(overlay, caption.x(), caption.y());
            }
        }
        canvas.clear(canvas.all());
        paintFixed();
    }

    private void place(Overlay overlay, int x, int y) {
        fixed.add(new Placed(overlay, new Area(x & ~1, y & ~1, overlay.width(), overlay.height())));
    }

    /// What decoders must know.
    Bytes header() {
        return encoder.header();
    }

    @Override
    public void join(Ask.Join join) {
        seats.put(join.line(), new Seat(join));
    }

    @Override
    public void change(int line, CodedSource source) {
        Seat seat = seats.get(line);
        if (seat != null) {
            seat.source.source(source);
        }
    }

    @Override
    public void packet(Ask.Packet packet) {
        Seat seat = seats.get(packet.line());
        if (seat != null) {
            if (packet.keyframe()) {
                seat.source.skip(packet.ptsNanos(), pace.staleNanos());
            }
            seat.source.packet(packet.ptsNanos(), packet.data());
        }
    }

    @Override
    public void end(int line) {
        Seat seat = seats.get(line);
        if (seat != null) {
            seat.source.end();
        }
    }

    @Override
    public void leave(int line, long nanos) {
        Seat seat = seats.get(line);
        if (seat != null) {
            seat.endNanos = nanos;
        }
    }

    void turn(int line, long fromNanos, int rotationDegrees) {
        Seat seat = seats.get(line);
        if (seat != null) {
            seat.turns.addLast(new Ask.Turn(0, line, fromNanos, rotationDegrees));
        }
    }

    void speaks(long fromNanos, int line) {
        speakers.addLast(new Ask.Speaker(fromNanos, line));
    }

    /// The next picture is one.
    void keyframe() {
        encoder.keyframe();
    }

    @Override
    public void skip(long until) {
        tick = Math.max(tick, until);
    }

    @Override
    public void advance(long until) {
        for (; tick < until; tick++) {
            paint(tick * NANOS_PER_SECOND / ticksPerSecond);
            encoder.encode(canvas, tick);
        }
    }

    @Override
    public void finish() {
        encoder.finish();
    }

    private void paint(long nanos) {
        List<Seat> present = new ArrayList<>();
        for (Seat seat : List.copyOf(seats.values())) {
            if (nanos >= seat.endNanos) {
                leave(seat);
            } else if (nanos >= seat.startNanos && seat.advance(nanos, pace)) {
                present.add(seat);
            }
        }
        while (!speakers.isEmpty() && speakers.getFirst().fromNanos() <= nanos) {
            speaker = speakers.removeFirst().line();
        }
        List<Shown> now = arrange(present);
        if (now.size() < present.size()) {
            present.stream()
                    .filter(seat -> now.stream().noneMatch(tile -> tile.seat() == seat))
                    .forEach(seat -> seat.tile.hide());
        }
        boolean moved = !now.equals(shown);
        shown = now;
        if (moved) {
            canvas.clear(canvas.all());
        }
        List<Area> fresh = new ArrayList<>();
        for (Shown tile : now) {
            if (moved || tile.seat().tile.isStale() || fresh.stream().anyMatch(tile.target()::intersects)) {
                fresh.add(tile.target());
            }
        }
        if (!moved && !fresh.isEmpty() && !fixed.isEmpty()) {
            uncover(now, fresh);
        }
        for (Shown tile : now) {
            if (fresh.contains(tile.target())) {
                paint(tile);
            }
        }
        if (moved || !fresh.isEmpty()) {
            paintFixed();
        }
    }

    /// What lies over the tiles is not laid over itself: under it everything is painted anew.
    private void uncover(List<Shown> tiles, List<Area> fresh) {
        for (Placed overlay : fixed) {
            canvas.clear(overlay.area());
            for (Shown tile : tiles) {
                if (tile.target().intersects(overlay.area()) && !fresh.contains(tile.target())) {
                    fresh.add(tile.target());
                }
            }
        }
    }

    private List<Shown> arrange(List<Seat> present) {
        int loudest = -1;
        for (int i = 0; i < present.size(); i++) {
            loudest = present.get(i).line == speaker ? i : loudest;
        }
        List<String> names = present.stream().map(seat -> seat.name).toList();
        List<Shown> now = new ArrayList<>();
        for (Layout.Seated seated : scene.layout().seat(canvas.all(), names, loudest)) {
            Seat seat = present.get(seated.tile());
            now.add(new Shown(seat, seated.cell().fit(seat.tile.shownWidth(), seat.tile.shownHeight())));
        }
        return now;
    }

    private void paint(Shown tile) {
        Seat seat = tile.seat();
        try {
            seat.tile.paint(canvas, tile.target());
        } catch (NativeFailure _) {
            // Of a form that nothing takes.
            damaged++;
        }
        if (!scene.names() || seat.name.isEmpty()) {
            return;
        }
        if (seat.labelWidth != tile.target().width()) {
            seat.labelWidth = tile.target().width();
            seat.label = lettering.label(seat.name, tile.target());
        }
        Overlay label = seat.label;
        if (label != null) {
            canvas.blend(
                    label, tile.target().x(), tile.target().y() + tile.target().height() - label.height());
        }
    }

    private void paintFixed() {
        fixed.forEach(placed ->
                canvas.blend(placed.overlay(), placed.area().x(), placed.area().y()));
    }

    private void leave(Seat seat) {
        seats.remove(seat.line);
        damaged += seat.source.damaged();
        seat.tile.close();
        seat.source.close();
    }

    @Override
    public int damaged() {
        int all = damaged;
        for (Seat seat : seats.values()) {
            all += seat.source.damaged();
        }
        return all;
    }

    @Override
    public void close() {
        List.copyOf(seats.values()).forEach(this::leave);
        encoder.close();
        canvas.close();
    }
}
