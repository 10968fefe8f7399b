package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Fuzz;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.picture.Area;
import tapedeck.transcode.picture.PictureEncoder;

/// What is written is read, and nothing else is.
class MixWireTest {
    private static final CodedSource SOURCE = new CodedSource("aac", 48_000, 2, Bytes.ofHex("1190"));
    private static final List<Ask> ASKS = List.of(
            new Ask.OpenPictures(
                    1,
                    Pace.LIVE,
                    new PictureEncoder.Options("libopenh264", 1280, 720, 30, 2_000_000, 60),
                    new Ask.Scene(
                            new Layout.Drawn(List.of(new Area(2, 4, 6, 8)), List.of("Anna")),
                            true,
                            0x102030,
                            List.of(new Ask.Image("/a/b.png", 1, 2, 3, 4, true)),
                            List.of(new Ask.Caption("Бoris 李", 5, 6, 7))),
                    1L << 33,
                    List.of(new Ask.Speaker(1L << 40, 3))),
            new Ask.OpenPictures(
                    -1,
                    Pace.OFFLINE,
                    new PictureEncoder.Options("libx264", 64, 64, 1, 1, 1),
                    new Ask.Scene(new Layout.Speaker(), false, 0, List.of(), List.of()),
                    0,
                    List.of()),
            new Ask.OpenSound(2, 1L << 35, true, false),
            new Ask.OpenSound(2, 0, false, true),
            new Ask.Join(2, 3, "Anna", 270, -5, Long.MAX_VALUE, SOURCE),
            new Ask.Change(2, 3, SOURCE),
            new Ask.Packet(2, 3, -1L << 40, true, Bytes.ofU8(1, 2, 3)),
            new Ask.Packet(2, 3, 5, false, Bytes.EMPTY),
            new Ask.End(2, 3),
            new Ask.Leave(2, 3, 1L << 41),
            new Ask.Turn(2, 3, 1L << 42, 90),
            new Ask.Speaks(2, 1L << 43, 3),
            new Ask.Keyframe(2),
            new Ask.Skip(2, 1L << 44),
            new Ask.Advance(2, 1L << 50),
            new Ask.Finish(2));
    private static final List<Answer> ANSWERS = List.of(
            new Answer.Header(1, Bytes.ofU8(1, 2)),
            new Answer.Picture(1, 1L << 40, true, Bytes.ofU8(9)),
            new Answer.Picture(1, 0, false, Bytes.EMPTY),
            new Answer.Sound(2, Bytes.ofU8(7)),
            new Answer.Loudest(2, 1L << 40, 5),
            new Answer.Done(2, 77));

    @Test
    void messagesComeBackAsTheyWere() {
        for (Ask ask : ASKS) {
            assertEquals(ask, MixWire.readAsk(MixWire.write(ask)));
        }
        for (Answer answer : ANSWERS) {
            assertEquals(answer, MixWire.readAnswer(MixWire.write(answer)));
        }
    }

    @Test
    void damageIsSeen() {
        Fuzz.parser(ASKS.stream().map(MixWire::write).toList(), List.of(), MixWire::readAsk);
        Fuzz.parser(ANSWERS.stream().map(MixWire::write).toList(), List.of(), MixWire::readAnswer);
    }
}
