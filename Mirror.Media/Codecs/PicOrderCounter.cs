namespace Mirror.Media.Codecs;

/// <summary>Unwraps the order count's low bits that slices carry (H.264 §8.2.1.1, H.265 §8.3.1).</summary>
internal struct PicOrderCounter
{
    private long _reference;             // order count of the last picture that later ones count from

    /// <summary>The order count of the next picture in decoding order.</summary>
    /// <param name="lsb">pic_order_cnt_lsb or slice_pic_order_cnt_lsb.</param>
    /// <param name="bits">Bits of it, in [4, 16].</param>
    /// <param name="isReset">The picture starts a count: the bits above are 0.</param>
    /// <param name="isReference">Later pictures count from it: H.264 a reference picture, H.265 one of the lowest layer that is not leading.</param>
    public int Next(uint lsb, int bits, bool isReset, bool isReference)
    {
        long period = 1L << bits;
        long forward = (lsb - _reference) & (period - 1);
        long order = isReset ? lsb : _reference + (forward > period / 2 ? forward - period : forward);
        if (isReference || isReset) { _reference = order; }
        return (int)order;
    }
}
