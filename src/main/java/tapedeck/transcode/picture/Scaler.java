package tapedeck.transcode.picture;

import org.bytedeco.ffmpeg.avfilter.AVFilterContext;
import org.bytedeco.ffmpeg.avfilter.AVFilterGraph;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avfilter;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import tapedeck.transcode.NativeFailure;

/// Pictures of one size and form into those of another size, YUV 4:2:0 with the range of video. Only in a worker.
///
/// What is to be half as large or less is halved or quartered first ([Reducer]); that is all where it fits. The
/// rest is done by zimg (FFmpeg's `zscale`), which takes a quarter of the time of swscale for tiles that are much
/// smaller than their pictures; by swscale (`scale`) for what zimg does not take.
final class Scaler implements AutoCloseable {
    private static final String TARGET = "pix_fmts=yuv420p";

    private final int width;
    private final int height;
    private final int format;
    private final int range;
    private final int toWidth;
    private final int toHeight;
    private final AVFrame scaled = avutil.av_frame_alloc();
    private final @Nullable Reducer reducer;
    private @Nullable AVFilterGraph graph;
    private @Nullable AVFilterContext source;
    private @Nullable AVFilterContext sink;

    /// For pictures like this one.
    Scaler(AVFrame from, int toWidth, int toHeight) {
        width = from.width();
        height = from.height();
        format = from.format();
        range = from.color_range();
        this.toWidth = toWidth;
        this.toHeight = toHeight;
        int factor = Reducer.factor(from, toWidth, toHeight);
        Reducer first = factor > 1 ? new Reducer(from, factor) : null;
        reducer = first;
        boolean full = range == avutil.AVCOL_RANGE_JPEG;
        AVFrame rest = first == null ? from : first.reduced();
        if (first != null && rest.width() == toWidth && rest.height() == toHeight && isPlain(from)) {
            return;
        }
        String size = "w=%d:h=%d".formatted(toWidth, toHeight);
        if (!build(rest, "zscale", size + ":filter=bilinear" + (full ? ":range=limited" : ""))
                && !build(rest, "scale", size + ":flags=bilinear" + (full ? ":out_range=tv" : ""))) {
            close();
            throw new NativeFailure("scaling %d × %d of format %d".formatted(width, height, format), -1);
        }
    }

    /// Whether pictures of such a form can be put into a canvas as they are.
    static boolean isPlain(AVFrame from) {
        return from.format() == avutil.AV_PIX_FMT_YUV420P && from.color_range() != avutil.AVCOL_RANGE_JPEG;
    }

    boolean takes(AVFrame from, int wantedWidth, int wantedHeight) {
        return from.width() == width
                && from.height() == height
                && from.format() == format
                && from.color_range() == range
                && toWidth == wantedWidth
                && toHeight == wantedHeight;
    }

    /// Whether it can be done in this way.
    private boolean build(AVFrame from, String filter, String options) {
        AVFilterGraph built = avfilter.avfilter_graph_alloc();
        built.nb_threads(1);
        graph = built;
        String input = "video_size=%dx%d:pix_fmt=%d:time_base=1/1000:range=%d"
                .formatted(from.width(), from.height(), format, Math.max(0, range));
        AVFilterContext in = add(built, "buffer", "in", input);
        AVFilterContext scale = add(built, filter, "scale", options);
        AVFilterContext form = add(built, "format", "form", TARGET);
        AVFilterContext out = add(built, "buffersink", "out", null);
        if (in == null
                || scale == null
                || form == null
                || out == null
                || avfilter.avfilter_link(in, 0, scale, 0) < 0
                || avfilter.avfilter_link(scale, 0, form, 0) < 0
                || avfilter.avfilter_link(form, 0, out, 0) < 0
                || avfilter.avfilter_graph_config(built, null) < 0) {
            closeGraph();
            return false;
        }
        source = in;
        sink = out;
        if (filter(from) != null) {
            return true;
        }
        closeGraph();
        return false;
    }

    private static @Nullable AVFilterContext add(
            AVFilterGraph graph, String filter, String name, @Nullable String options) {
        AVFilterContext made = new AVFilterContext((Pointer) null);
        int code = avfilter.avfilter_graph_create_filter(
                made, avfilter.avfilter_get_by_name(filter), name, options, null, graph);
        return code < 0 ? null : made;
    }

    /// The picture in its new size, valid until the next call, or null if it cannot be made.
    @Nullable
    AVFrame scale(AVFrame from) {
        Reducer first = reducer;
        if (first == null) {
            return filter(from);
        }
        first.reduce(from);
        return graph == null ? first.reduced() : filter(first.reduced());
    }

    private @Nullable AVFrame filter(AVFrame from) {
        AVFilterContext in = source;
        AVFilterContext out = sink;
        avutil.av_frame_unref(scaled);
        if (in == null
                || out == null
                || avfilter.av_buffersrc_add_frame_flags(in, from, avfilter.AV_BUFFERSRC_FLAG_KEEP_REF) < 0
                || avfilter.av_buffersink_get_frame(out, scaled) < 0) {
            return null;
        }
        return scaled;
    }

    private void closeGraph() {
        if (graph != null) {
            avfilter.avfilter_graph_free(graph);
            graph = null;
        }
        source = null;
        sink = null;
    }

    @Override
    public void close() {
        closeGraph();
        if (reducer != null) {
            reducer.close();
        }
        avutil.av_frame_free(scaled);
    }
}
