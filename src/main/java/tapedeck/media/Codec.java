package tapedeck.media;

import java.util.List;
import tapedeck.bytes.Bytes;

/// A codec with the facts that a decoder needs before its first frame. Named as FFmpeg names them.
public sealed interface Codec {
    /// FFmpeg's name: `h264`, `opus` …
    String name();

    sealed interface Video extends Codec {
        /// Picture width in pixels after cropping, 0 while unknown.
        int width();

        /// Picture height in pixels after cropping, 0 while unknown.
        int height();
    }

    sealed interface Audio extends Codec {
        int sampleRateHz();

        int channels();
    }

    /// @param sps sequence parameter sets, NAL units without prefix; at least one
    /// @param pps picture parameter sets; at least one
    record H264(List<Bytes> sps, List<Bytes> pps, int width, int height) implements Video {
        public H264 {
            sps = List.copyOf(sps);
            pps = List.copyOf(pps);
        }

        @Override
        public String name() {
            return "h264";
        }
    }

    record H265(List<Bytes> vps, List<Bytes> sps, List<Bytes> pps, int width, int height) implements Video {
        public H265 {
            vps = List.copyOf(vps);
            sps = List.copyOf(sps);
            pps = List.copyOf(pps);
        }

        @Override
        public String name() {
            return "hevc";
        }
    }

    record Vp8(int width, int height) implements Video {
        @Override
        public String name() {
            return "vp8";
        }
    }

    record Vp9(int profile, int bitDepth, int width, int height) implements Video {
        @Override
        public String name() {
            return "vp9";
        }
    }

    /// @param sequenceHeader the sequence header OBU, with its size
    record Av1(Bytes sequenceHeader, int width, int height) implements Video {
        @Override
        public String name() {
            return "av1";
        }
    }

    /// @param config AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1
    record Aac(Bytes config, int sampleRateHz, int channels) implements Audio {
        @Override
        public String name() {
            return "aac";
        }
    }

    /// @param preSkip samples at 48 kHz that a decoder drops at the start, RFC 7845 4.2
    record Opus(int channels, int preSkip) implements Audio {
        /// RFC 7587 4.1: the clock of Opus is 48 kHz whatever is coded.
        @Override
        public int sampleRateHz() {
            return 48_000;
        }

        @Override
        public String name() {
            return "opus";
        }
    }

    record Mp3(int sampleRateHz, int channels) implements Audio {
        @Override
        public String name() {
            return "mp3";
        }
    }

    /// @param config what an AC3SpecificBox holds, ETSI TS 102 366 F.4
    record Ac3(Bytes config, int sampleRateHz, int channels) implements Audio {
        @Override
        public String name() {
            return "ac3";
        }
    }

    /// G.711 A-law.
    record Pcma(int sampleRateHz, int channels) implements Audio {
        @Override
        public String name() {
            return "pcm_alaw";
        }
    }

    /// G.711 µ-law.
    record Pcmu(int sampleRateHz, int channels) implements Audio {
        @Override
        public String name() {
            return "pcm_mulaw";
        }
    }

    record G722(int channels) implements Audio {
        @Override
        public int sampleRateHz() {
            return 16_000;
        }

        @Override
        public String name() {
            return "g722";
        }
    }
}
