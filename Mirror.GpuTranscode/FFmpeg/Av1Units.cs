using Mirror.Media.Codecs.Av1;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Takes an AV1 encoder's temporal units apart.</summary>
internal static class Av1Units
{
    /// <summary>Writes the OBUs of a temporal unit that belong to a sample (AV1 in ISOBMFF §2.4), each with its size.</summary>
    /// <param name="temporalUnit">The temporal unit in low-overhead format.</param>
    /// <param name="buffer">Takes them; replaced by a larger one where it is too small.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteSample(ReadOnlySpan<byte> temporalUnit, ref byte[] buffer)
    {
        int written = 0;
        while (Av1Obu.TryRead(ref temporalUnit, out Av1Obu obu))
        {
            if (obu.Type is Av1ObuType.TemporalDelimiter or Av1ObuType.TileList or Av1ObuType.Padding) { continue; }
            if (buffer.Length < written + obu.WrittenLength) { Array.Resize(ref buffer, Math.Max(2 * buffer.Length, written + obu.WrittenLength)); }
            obu.WriteTo(buffer.AsSpan(written));
            written += obu.WrittenLength;
        }
        return written;
    }
}
