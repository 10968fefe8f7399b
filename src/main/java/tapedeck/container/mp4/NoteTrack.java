package tapedeck.container.mp4;

import tapedeck.bytes.Bytes;

/// The track of a file of many streams that says what happens in it: timed metadata, a JSON object in each sample
/// (ISO/IEC 14496-12 12.3.3.2, MetaDataSampleEntry `mett`). It is not enabled: players pass over it.
final class NoteTrack {
    /// Behind those of all streams.
    static final int ID = 1 << 20;

    static final String ENTRY = "mett";
    static final int TIMESCALE = InitMovie.TIMESCALE;

    private static final String JSON = "application/json";

    private NoteTrack() {}

    static void trak(BoxWriter out, long creationTime) {
        int notEnabled = 0;
        out.box("trak", trak -> {
            trak.fullBox("tkhd", 1, notEnabled, b -> {
                b.u64(creationTime).u64(creationTime).u32(ID).u32(0).u64(0).zeros(16);
                InitMovie.unityMatrix(b);
                b.u32(0).u32(0);
            });
            trak.box("mdia", mdia -> {
                InitMovie.mdhd(mdia, creationTime, TIMESCALE);
                InitMovie.handler(mdia, "meta", "");
                mdia.box("minf", minf -> {
                    minf.fullBox("nmhd", 0, 0, _ -> {});
                    InitMovie.dinf(minf);
                    minf.box("stbl", stbl -> {
                        stbl.fullBox(
                                "stsd",
                                0,
                                0,
                                stsd -> stsd.u32(1)
                                        .box(
                                                ENTRY,
                                                entry -> entry.zeros(6)
                                                        .u16(1) // data_reference_index
                                                        .u8(0) // content_encoding
                                                        .bytes(Bytes.ofUtf8(JSON))
                                                        .u8(0)));
                        InitMovie.noSamples(stbl);
                    });
                });
            });
        });
    }

    static void trex(BoxWriter out) {
        out.fullBox("trex", 0, 0, b -> b.u32(ID).u32(1).u32(0).u32(0).u32(TrackFragment.SYNC_FLAGS));
    }
}
