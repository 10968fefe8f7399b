package tapedeck.transcode.picture;

import tapedeck.bytes.Bytes;

/// Something that is laid over a picture: a name, a logo. All sizes are even.
///
/// @param alpha how much it covers, 0 to 255, one value a pixel
/// @param luma one value a pixel
/// @param blue one value for four pixels
/// @param red one value for four pixels
public record Overlay(int width, int height, Bytes alpha, Bytes luma, Bytes blue, Bytes red) {
    private static final int OPAQUE = 255;

    /// Out of pixels with alpha, red, green and blue of 8 bits each, as Java has them. An odd last row or column is
    /// left out.
    public static Overlay of(int[] argb, int rowPixels, int rows) {
        int width = rowPixels & ~1;
        int height = rows & ~1;
        byte[] alpha = new byte[width * height];
        byte[] luma = new byte[width * height];
        byte[] blue = new byte[width * height / 4];
        byte[] red = new byte[width * height / 4];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int pixel = argb[y * rowPixels + x];
                alpha[y * width + x] = (byte) (pixel >>> 24);
                luma[y * width + x] = (byte) luma(pixel >> 16 & 0xFF, pixel >> 8 & 0xFF, pixel & 0xFF);
            }
        }
        for (int y = 0; y < height; y += 2) {
            for (int x = 0; x < width; x += 2) {
                colour(argb, rowPixels, x, y, blue, red, y / 2 * (width / 2) + x / 2);
            }
        }
        return new Overlay(width, height, Bytes.wrap(alpha), Bytes.wrap(luma), Bytes.wrap(blue), Bytes.wrap(red));
    }

    /// ITU-R BT.709, limited range: what pictures of this size are taken for.
    static int luma(int r, int g, int b) {
        return (int) Math.round(16 + 0.1826 * r + 0.6142 * g + 0.0620 * b);
    }

    private static void colour(int[] argb, int rowPixels, int x, int y, byte[] blue, byte[] red, int target) {
        double r = 0;
        double g = 0;
        double b = 0;
        double covered = 0;
        for (int i = 0; i < 4; i++) {
            int pixel = argb[(y + i / 2) * rowPixels + x + i % 2];
            // What does not cover has no colour.
            double weight = (pixel >>> 24) + 0.001;
            r += weight * (pixel >> 16 & 0xFF);
            g += weight * (pixel >> 8 & 0xFF);
            b += weight * (pixel & 0xFF);
            covered += weight;
        }
        blue[target] = (byte) Math.round(128 + (-0.1006 * r - 0.3386 * g + 0.4392 * b) / covered);
        red[target] = (byte) Math.round(128 + (0.4392 * r - 0.3989 * g - 0.0403 * b) / covered);
    }

    /// @param under what is there
    static byte blend(byte under, int over, int alpha) {
        return (byte) (((under & 0xFF) * (OPAQUE - alpha) + over * alpha + OPAQUE / 2) / OPAQUE);
    }
}
