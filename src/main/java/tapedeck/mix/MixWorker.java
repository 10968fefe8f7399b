package tapedeck.mix;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import tapedeck.transcode.WorkerLine;

/// The process in which pictures and sound are mixed.
public final class MixWorker {
    private final Map<Integer, Engine> engines = new HashMap<>();

    private MixWorker() {}

    public static void main(String[] args) throws IOException {
        MixWorker worker = new MixWorker();
        try {
            WorkerLine.serve((message, line) -> worker.accept(MixWire.readAsk(message), line));
        } catch (RuntimeException e) {
            for (StackTraceElement frame : e.getStackTrace()) {
                System.err.println("  at " + frame);
            }
            // The last line is what the failure of the mix says.
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private void accept(Ask ask, WorkerLine line) {
        switch (ask) {
            case Ask.OpenPictures open -> {
                PictureMix mix = new PictureMix(
                        open,
                        (tick, keyframe, data) -> send(line, new Answer.Picture(open.mix(), tick, keyframe, data)));
                engines.put(open.mix(), mix);
                send(line, new Answer.Header(open.mix(), mix.header()));
            }
            case Ask.OpenSound open ->
                engines.put(
                        open.mix(),
                        new SoundMix(
                                open,
                                data -> send(line, new Answer.Sound(open.mix(), data)),
                                (sample, who) -> send(line, new Answer.Loudest(open.mix(), sample, who))));
            case Ask.Join join -> engine(ask).join(join);
            case Ask.Change change -> engine(ask).change(change.line(), change.source());
            case Ask.Packet packet -> engine(ask).packet(packet);
            case Ask.End end -> engine(ask).end(end.line());
            case Ask.Leave leave -> engine(ask).leave(leave.line(), leave.nanos());
            case Ask.Turn turn -> pictures(ask).turn(turn.line(), turn.fromNanos(), turn.rotationDegrees());
            case Ask.Speaks speaks -> pictures(ask).speaks(speaks.fromNanos(), speaks.line());
            case Ask.Keyframe _ -> pictures(ask).keyframe();
            case Ask.Skip skip -> engine(ask).skip(skip.until());
            case Ask.Advance advance -> {
                engine(ask).advance(advance.until());
                done(ask, line);
            }
            case Ask.Finish _ -> {
                engine(ask).finish();
                done(ask, line);
                engine(ask).close();
                engines.remove(ask.mix());
            }
        }
    }

    private Engine engine(Ask ask) {
        Engine engine = engines.get(ask.mix());
        if (engine == null) {
            throw new IllegalStateException("mix %d is not open".formatted(ask.mix()));
        }
        return engine;
    }

    private PictureMix pictures(Ask ask) {
        if (engine(ask) instanceof PictureMix pictures) {
            return pictures;
        }
        throw new IllegalStateException("mix %d is one of sound".formatted(ask.mix()));
    }

    private void done(Ask ask, WorkerLine line) {
        send(line, new Answer.Done(ask.mix(), engine(ask).damaged()));
        try {
            line.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What no longer gets through is the end of this process.
    private static void send(WorkerLine line, Answer answer) {
        try {
            line.send(MixWire.write(answer));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
