namespace Mirror.Media.Codecs.Aac;

/// <summary>Frames of AudioSyncStream, LOAS (ISO/IEC 14496-3 §1.7.2).</summary>
public static class Loas
{   //  0x2B7(11) audioMuxLengthBytes(13) AudioMuxElement

    /// <summary>Bytes of a frame's header; the AudioMuxElement follows.</summary>
    public const int HeaderLength = 3;

    /// <summary>Whether a frame starts at the start of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="length">Bytes of the frame, header included.</param>
    public static bool TryReadLength(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < HeaderLength || bytes[0] != 0x56 || (bytes[1] & 0xE0) != 0xE0) { return false; }
        length = HeaderLength + (((bytes[1] & 0x1F) << 8) | bytes[2]);
        return length > HeaderLength;
    }
}
