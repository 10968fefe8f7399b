package tapedeck.transcode.picture;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import tapedeck.transcode.NativeFailure;

/// The picture that everything is put into: three planes, YUV 4:2:0. Only in a worker.
public final class Canvas implements AutoCloseable {
    private static final int PLANES = 3;

    private final Area all;
    private final AVFrame frame = avutil.av_frame_alloc();
    private final ByteBuffer[] planes = new ByteBuffer[PLANES];
    private final byte[][] background = new byte[PLANES][];

    /// @param rgb colour of the background
    public Canvas(int width, int height, int rgb) {
        all = new Area(0, 0, width, height);
        frame.width(width).height(height).format(avutil.AV_PIX_FMT_YUV420P);
        NativeFailure.check("canvas", avutil.av_frame_get_buffer(frame, 0));
        int[] argb = {0xFF000000 | rgb, 0xFF000000 | rgb, 0xFF000000 | rgb, 0xFF000000 | rgb};
        Overlay colour = Overlay.of(argb, 2, 2);
        int[] values = {colour.luma().u8(0), colour.blue().u8(0), colour.red().u8(0)};
        for (int i = 0; i < PLANES; i++) {
            int rows = i == 0 ? height : height / 2;
            planes[i] = new BytePointer(frame.data(i))
                    .capacity((long) rows * frame.linesize(i))
                    .asByteBuffer();
            background[i] = new byte[i == 0 ? width * height : width * height / 4];
            Arrays.fill(background[i], (byte) values[i]);
        }
        clear(all);
    }

    public Area all() {
        return all;
    }

    AVFrame frame() {
        return frame;
    }

    /// Lays this over the background, as large as the canvas.
    public void background(Overlay picture) {
        if (picture.width() != all.width() || picture.height() != all.height()) {
            throw new IllegalArgumentException("a background of another size");
        }
        for (int i = 0; i < background[0].length; i++) {
            int alpha = picture.alpha().u8(i);
            background[0][i] = Overlay.blend(background[0][i], picture.luma().u8(i), alpha);
        }
        int half = all.width() / 2;
        for (int i = 0; i < background[1].length; i++) {
            int alpha = picture.alpha().u8(i / half * 2 * all.width() + i % half * 2);
            background[1][i] = Overlay.blend(background[1][i], picture.blue().u8(i), alpha);
            background[2][i] = Overlay.blend(background[2][i], picture.red().u8(i), alpha);
        }
    }

    /// Nothing but the background is there any more.
    public void clear(Area area) {
        for (int i = 0; i < PLANES; i++) {
            int shift = i == 0 ? 0 : 1;
            int width = all.width() >> shift;
            for (int y = area.y() >> shift; y < area.y() + area.height() >> shift; y++) {
                int x = area.x() >> shift;
                planes[i].put(y * frame.linesize(i) + x, background[i], y * width + x, area.width() >> shift);
            }
        }
    }

    /// Blends something in with its corner at an even place; what would stand outside is cut off.
    public void blend(Overlay overlay, int left, int top) {
        for (int y = Math.max(0, -top); y < overlay.height() && top + y < all.height(); y++) {
            int row = (top + y) * frame.linesize(0) + left;
            int chromaRow = (top + y) / 2 * frame.linesize(1) + left / 2;
            for (int x = Math.max(0, -left); x < overlay.width() && left + x < all.width(); x++) {
                int alpha = overlay.alpha().u8(y * overlay.width() + x);
                if (alpha == 0) {
                    continue;
                }
                blend(0, row + x, overlay.luma().u8(y * overlay.width() + x), alpha);
                if (x % 2 == 0 && y % 2 == 0) {
                    int at = y / 2 * (overlay.width() / 2) + x / 2;
                    blend(1, chromaRow + x / 2, overlay.blue().u8(at), alpha);
                    blend(2, chromaRow + x / 2, overlay.red().u8(at), alpha);
                }
            }
        }
    }

    private void blend(int plane, int at, int over, int alpha) {
        planes[plane].put(at, Overlay.blend(planes[plane].get(at), over, alpha));
    }

    /// Copies a scaled picture in, turned clockwise.
    void put(AVFrame picture, Area target, int rotationDegrees) {
        for (int i = 0; i < PLANES; i++) {
            int shift = i == 0 ? 0 : 1;
            int x = target.x() >> shift;
            int y = target.y() >> shift;
            int at = y * frame.linesize(i) + x;
            int width = target.width() >> shift;
            int height = target.height() >> shift;
            if (rotationDegrees == 0) {
                avutil.av_image_copy_plane(
                        new BytePointer(frame.data(i)).position(at),
                        frame.linesize(i),
                        picture.data(i),
                        picture.linesize(i),
                        width,
                        height);
            } else {
                turn(picture, i, at, width, height, rotationDegrees);
            }
        }
    }

    private void turn(AVFrame picture, int plane, int at, int width, int height, int rotationDegrees) {
        int stride = picture.linesize(plane);
        int sourceRows = rotationDegrees == 180 ? height : width;
        ByteBuffer source = new BytePointer(picture.data(plane))
                .capacity((long) sourceRows * stride)
                .asByteBuffer();
        byte[] row = new byte[width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                row[x] = source.get(
                        switch (rotationDegrees) {
                            case 90 -> (width - 1 - x) * stride + y;
                            case 180 -> (height - 1 - y) * stride + width - 1 - x;
                            case 270 -> x * stride + height - 1 - y;
                            default -> throw new IllegalArgumentException("turned by " + rotationDegrees);
                        });
            }
            planes[plane].put(at + y * frame.linesize(plane), row);
        }
    }

    @Override
    public void close() {
        avutil.av_frame_free(frame);
    }
}
