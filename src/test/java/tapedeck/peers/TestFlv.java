package tapedeck.peers;

import tapedeck.bytes.Bytes;

/// Small FLV files made by the bundled ffmpeg, once a run.
public final class TestFlv {
    private static FlvFile bothTracks;

    private TestFlv() {}

    /// Four seconds of 320 x 180 at 25 per second with two B-frames and a keyframe each second, and AAC.
    public static synchronized FlvFile bothTracks() {
        if (bothTracks == null) {
            bothTracks = FlvFile.parse(Bytes.wrap(Ffmpeg.ffmpeg(
                            "-v",
                            "error",
                            "-f",
                            "lavfi",
                            "-i",
                            "testsrc2=s=320x180:r=25:d=4",
                            "-f",
                            "lavfi",
                            "-i",
                            "sine=f=440:r=44100:d=4",
                            "-c:v",
                            "libx264",
                            "-preset",
                            "veryfast",
                            "-bf",
                            "2",
                            "-g",
                            "25",
                            "-c:a",
                            "aac",
                            "-f",
                            "flv",
                            "-")
                    .out()));
        }
        return bothTracks;
    }
}
