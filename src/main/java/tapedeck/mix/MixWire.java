package tapedeck.mix;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.picture.Area;
import tapedeck.transcode.picture.PictureEncoder;

/// Messages to and from a worker as bytes.
final class MixWire {
    private static final int OPEN_PICTURES = 1;
    private static final int OPEN_SOUND = 2;
    private static final int JOIN = 3;
    private static final int CHANGE = 4;
    private static final int PACKET = 5;
    private static final int END = 6;
    private static final int ADVANCE = 7;
    private static final int FINISH = 8;
    private static final int HEADER = 9;
    private static final int PICTURE = 10;
    private static final int SOUND = 11;
    private static final int DONE = 12;
    private static final int LOUDEST = 13;
    private static final int LEAVE = 14;
    private static final int TURN = 15;
    private static final int SPEAKS = 16;
    private static final int KEYFRAME = 17;
    private static final int SKIP = 18;

    private static final int OFFLINE = 1;
    private static final int LIVE = 2;

    private static final int GRID = 1;
    private static final int SPEAKER = 2;
    private static final int ROW = 3;
    private static final int DRAWN = 4;

    private MixWire() {}

    static Bytes write(Ask ask) {
        return switch (ask) {
            case Ask.OpenPictures open -> {
                ByteWriter out =
                        start(OPEN_PICTURES, open.mix()).u8(number(open.pace())).u64(open.fromTick());
                encoder(out, open.encoder());
                scene(out, open.scene());
                out.u32(open.speakers().size());
                for (Ask.Speaker speaker : open.speakers()) {
                    out.u64(speaker.fromNanos()).u32(speaker.line());
                }
                yield out.handOver();
            }
            case Ask.OpenSound open ->
                start(OPEN_SOUND, open.mix())
                        .u64(open.fromSample())
                        .u8(open.mixed() ? 1 : 0)
                        .u8(open.heard() ? 1 : 0)
                        .handOver();
            case Ask.Join join -> {
                ByteWriter out = start(JOIN, join.mix()).u32(join.line());
                text(out, join.name());
                out.u16(join.rotationDegrees()).u64(join.startNanos()).u64(join.endNanos());
                join.source().writeTo(out);
                yield out.handOver();
            }
            case Ask.Change change -> {
                ByteWriter out = start(CHANGE, change.mix()).u32(change.line());
                change.source().writeTo(out);
                yield out.handOver();
            }
            case Ask.Packet packet ->
                new ByteWriter(packet.data().length() + 18)
                        .u8(PACKET)
                        .u32(packet.mix())
                        .u32(packet.line())
                        .u64(packet.ptsNanos())
                        .u8(packet.keyframe() ? 1 : 0)
                        .bytes(packet.data())
                        .handOver();
            case Ask.End end -> start(END, end.mix()).u32(end.line()).handOver();
            case Ask.Leave leave ->
                start(LEAVE, leave.mix()).u32(leave.line()).u64(leave.nanos()).handOver();
            case Ask.Turn turn ->
                start(TURN, turn.mix())
                        .u32(turn.line())
                        .u64(turn.fromNanos())
                        .u16(turn.rotationDegrees())
                        .handOver();
            case Ask.Speaks speaks ->
                start(SPEAKS, speaks.mix())
                        .u64(speaks.fromNanos())
                        .u32(speaks.line())
                        .handOver();
            case Ask.Keyframe keyframe -> start(KEYFRAME, keyframe.mix()).handOver();
            case Ask.Skip skip -> start(SKIP, skip.mix()).u64(skip.until()).handOver();
            case Ask.Advance advance ->
                start(ADVANCE, advance.mix()).u64(advance.until()).handOver();
            case Ask.Finish finish -> start(FINISH, finish.mix()).handOver();
        };
    }

    static Ask readAsk(Bytes message) {
        ByteReader in = message.reader();
        int type = in.u8();
        int mix = in.i32();
        return switch (type) {
            case OPEN_PICTURES -> {
                Pace pace = pace(in.u8());
                long fromTick = in.i64();
                yield new Ask.OpenPictures(mix, pace, encoder(in), scene(in), fromTick, speakers(in));
            }
            case OPEN_SOUND -> new Ask.OpenSound(mix, in.i64(), in.u8() == 1, in.u8() == 1);
            case JOIN -> new Ask.Join(mix, in.i32(), text(in), in.u16(), in.i64(), in.i64(), CodedSource.read(in));
            case CHANGE -> new Ask.Change(mix, in.i32(), CodedSource.read(in));
            case PACKET -> new Ask.Packet(mix, in.i32(), in.i64(), in.u8() == 1, in.rest());
            case END -> new Ask.End(mix, in.i32());
            case LEAVE -> new Ask.Leave(mix, in.i32(), in.i64());
            case TURN -> new Ask.Turn(mix, in.i32(), in.i64(), in.u16());
            case SPEAKS -> new Ask.Speaks(mix, in.i64(), in.i32());
            case KEYFRAME -> new Ask.Keyframe(mix);
            case SKIP -> new Ask.Skip(mix, in.i64());
            case ADVANCE -> new Ask.Advance(mix, in.i64());
            case FINISH -> new Ask.Finish(mix);
            default -> throw new MalformedException("mix: question of type %d".formatted(type));
        };
    }

    static Bytes write(Answer answer) {
        return switch (answer) {
            case Answer.Header header ->
                start(HEADER, header.mix()).bytes(header.avcC()).handOver();
            case Answer.Picture picture ->
                new ByteWriter(picture.data().length() + 14)
                        .u8(PICTURE)
                        .u32(picture.mix())
                        .u64(picture.tick())
                        .u8(picture.keyframe() ? 1 : 0)
                        .bytes(picture.data())
                        .handOver();
            case Answer.Sound sound ->
                start(SOUND, sound.mix()).bytes(sound.data()).handOver();
            case Answer.Loudest loudest ->
                start(LOUDEST, loudest.mix())
                        .u64(loudest.fromSample())
                        .u32(loudest.line())
                        .handOver();
            case Answer.Done done -> start(DONE, done.mix()).u32(done.damaged()).handOver();
        };
    }

    static Answer readAnswer(Bytes message) {
        ByteReader in = message.reader();
        int type = in.u8();
        int mix = in.i32();
        return switch (type) {
            case HEADER -> new Answer.Header(mix, in.rest());
            case PICTURE -> new Answer.Picture(mix, in.i64(), in.u8() == 1, in.rest());
            case SOUND -> new Answer.Sound(mix, in.rest());
            case LOUDEST -> new Answer.Loudest(mix, in.i64(), in.i32());
            case DONE -> new Answer.Done(mix, in.i32());
            default -> throw new MalformedException("mix: answer of type %d".formatted(type));
        };
    }

    private static int number(Pace pace) {
        return switch (pace) {
            case OFFLINE -> OFFLINE;
            case LIVE -> LIVE;
        };
    }

    private static Pace pace(int number) {
        return switch (number) {
            case OFFLINE -> Pace.OFFLINE;
            case LIVE -> Pace.LIVE;
            default -> throw new MalformedException("mix: pace of type %d".formatted(number));
        };
    }

    private static ByteWriter start(int type, int mix) {
        return new ByteWriter().u8(type).u32(mix);
    }

    private static void encoder(ByteWriter out, PictureEncoder.Options options) {
        text(out, options.name());
        out.u32(options.width()).u32(options.height()).u32(options.ticksPerSecond());
        out.u32(options.bitsPerSecond()).u32(options.keyframeTicks());
    }

    private static PictureEncoder.Options encoder(ByteReader in) {
        return new PictureEncoder.Options(text(in), in.i32(), in.i32(), in.i32(), in.i32(), in.i32());
    }

    private static void scene(ByteWriter out, Ask.Scene scene) {
        switch (scene.layout()) {
            case Layout.Grid _ -> out.u8(GRID);
            case Layout.Speaker _ -> out.u8(SPEAKER);
            case Layout.Row _ -> out.u8(ROW);
            case Layout.Drawn drawn -> {
                out.u8(DRAWN).u16(drawn.cells().size());
                for (int i = 0; i < drawn.cells().size(); i++) {
                    Area cell = drawn.cells().get(i);
                    out.u32(cell.x()).u32(cell.y()).u32(cell.width()).u32(cell.height());
                    text(out, drawn.streams().get(i));
                }
            }
        }
        out.u8(scene.names() ? 1 : 0).u32(scene.backgroundRgb());
        out.u16(scene.images().size());
        for (Ask.Image image : scene.images()) {
            text(out, image.path());
            out.u32(image.x()).u32(image.y()).u32(image.width()).u32(image.height());
            out.u8(image.behind() ? 1 : 0);
        }
        out.u16(scene.captions().size());
        for (Ask.Caption caption : scene.captions()) {
            text(out, caption.text());
            out.u32(caption.x()).u32(caption.y()).u32(caption.height());
        }
    }

    private static Ask.Scene scene(ByteReader in) {
        Layout layout = layout(in);
        boolean names = in.u8() == 1;
        int rgb = in.i32();
        List<Ask.Image> images = new ArrayList<>();
        for (int left = in.u16(); left > 0; left--) {
            images.add(new Ask.Image(text(in), in.i32(), in.i32(), in.i32(), in.i32(), in.u8() == 1));
        }
        List<Ask.Caption> captions = new ArrayList<>();
        for (int left = in.u16(); left > 0; left--) {
            captions.add(new Ask.Caption(text(in), in.i32(), in.i32(), in.i32()));
        }
        return new Ask.Scene(layout, names, rgb, images, captions);
    }

    private static List<Ask.Speaker> speakers(ByteReader in) {
        List<Ask.Speaker> speakers = new ArrayList<>();
        for (long left = in.u32(); left > 0; left--) {
            speakers.add(new Ask.Speaker(in.i64(), in.i32()));
        }
        return speakers;
    }

    private static Layout layout(ByteReader in) {
        int kind = in.u8();
        return switch (kind) {
            case GRID -> new Layout.Grid();
            case SPEAKER -> new Layout.Speaker();
            case ROW -> new Layout.Row();
            case DRAWN -> {
                List<Area> cells = new ArrayList<>();
                List<String> streams = new ArrayList<>();
                for (int left = in.u16(); left > 0; left--) {
                    cells.add(new Area(in.i32(), in.i32(), in.i32(), in.i32()));
                    streams.add(text(in));
                }
                yield new Layout.Drawn(cells, streams);
            }
            default -> throw new MalformedException("mix: layout of type %d".formatted(kind));
        };
    }

    private static void text(ByteWriter out, String text) {
        Bytes utf8 = Bytes.ofUtf8(text);
        out.u32(utf8.length()).bytes(utf8);
    }

    private static String text(ByteReader in) {
        return in.take(in.u32()).toUtf8();
    }
}
