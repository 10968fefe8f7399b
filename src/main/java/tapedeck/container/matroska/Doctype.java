package tapedeck.container.matroska;

import tapedeck.media.Codec;

/// The two kinds of file that differ in their name and in what they may carry.
enum Doctype {
    WEBM("webm"),
    MKV("matroska");

    private final String text;

    Doctype(String text) {
        this.text = text;
    }

    /// The value of the DocType element.
    String text() {
        return text;
    }

    /// The WebM project allows VP8, VP9, AV1, Vorbis and Opus. Matroska maps G.722 only by way of a Windows
    /// format tag that no reader knows.
    boolean canCarry(Codec codec) {
        return switch (codec) {
            case Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _ -> true;
            case Codec.H264 _, Codec.H265 _, Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _ ->
                this == MKV;
            case Codec.G722 _ -> false;
        };
    }
}
