using System.Buffers.Binary;
using Mirror.Media.Bits;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Takes an encoder's byte stream (H.264 and H.265 Annex B) apart.</summary>
internal ref struct NalUnits(ReadOnlySpan<byte> byteStream)
{
    private const int LengthSize = 4;
    private ReadOnlySpan<byte> _rest = byteStream;

    /// <summary>The NAL unit at hand, header first.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Goes on to the next NAL unit.</summary>
    public bool MoveNext()
    {
        int start = StartCode.IndexOf(_rest);
        if (start < 0) { return false; }
        _rest = _rest[(start + StartCode.Length)..];
        int next = StartCode.IndexOf(_rest);
        Current = (next < 0 ? _rest : _rest[..next]).TrimEnd((byte)0);      // zero bytes belong to the next start code
        _rest = next < 0 ? default : _rest[next..];
        return true;
    }

    /// <summary>Writes the NAL units of an access unit that belong to a sample, each behind its length in 4 bytes.</summary>
    /// <param name="codec">H.264 or H.265.</param>
    /// <param name="accessUnit">The access unit as a byte stream.</param>
    /// <param name="first">A NAL unit to write before them; <see langword="null"/> for none.</param>
    /// <param name="buffer">Takes them; replaced by a larger one where it is too small.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteSample(Codec codec, ReadOnlySpan<byte> accessUnit, byte[]? first, ref byte[] buffer)
    {
        int written = 0;
        if (first is not null) { Append(first, ref buffer, ref written); }
        var units = new NalUnits(accessUnit);
        while (units.MoveNext())
        {
            if (!units.Current.IsEmpty && IsSample(codec, units.Current[0])) { Append(units.Current, ref buffer, ref written); }
        }
        return written;
    }

    private static void Append(ReadOnlySpan<byte> unit, ref byte[] buffer, ref int written)
    {
        if (buffer.Length < written + LengthSize + unit.Length) { Array.Resize(ref buffer, Math.Max(2 * buffer.Length, written + LengthSize + unit.Length)); }
        BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(written), unit.Length);
        unit.CopyTo(buffer.AsSpan(written + LengthSize));
        written += LengthSize + unit.Length;
    }

    /// <summary>Whether a NAL unit of this type stands in samples: no parameter set, delimiter or filler.</summary>
    private static bool IsSample(Codec codec, byte header) => codec == Codec.H265
        ? (H265NalUnitType)((header >> 1) & 0x3F) is not (H265NalUnitType.Vps or H265NalUnitType.Sps or H265NalUnitType.Pps
            or H265NalUnitType.AccessUnitDelimiter or H265NalUnitType.Filler)
        : (H264NalUnitType)(header & 0x1F) is not (H264NalUnitType.Sps or H264NalUnitType.Pps or H264NalUnitType.AccessUnitDelimiter or H264NalUnitType.Filler);
}
