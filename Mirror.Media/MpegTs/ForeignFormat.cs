using System.Buffers.Binary;

namespace Mirror.Media.MpegTs;

/// <summary>Tells what a publisher sends where it is no transport stream, so that it can be told what to change.</summary>
public static class ForeignFormat
{
    /// <summary>Bytes from the start of the stream that are enough for every name.</summary>
    public const int NeededLength = 64;

    private const int ShortestText = 16;
    private const int NalTypeMask = 0x1F;

    private static readonly (byte[] Start, string Name)[] Signatures =
    [
        ([0x1A, 0x45, 0xDF, 0xA3], "Matroska or WebM"),
        ([.. "FLV\x01"u8], "FLV"),
        ([.. "OggS"u8], "Ogg"),
        ([.. "RIFF"u8], "AVI or WAV"),
        ([.. "DKIF"u8], "IVF"),
        ([.. "ID3"u8], "MP3"),
        ([.. "fLaC"u8], "FLAC"),
        ([.. ".RMF"u8], "RealMedia"),
        ([0x06, 0x0E, 0x2B, 0x34], "MXF"),
        ([0x30, 0x26, 0xB2, 0x75], "ASF"),
        ([0x00, 0x00, 0x01, 0xBA], "an MPEG program stream"),
        ([0x00, 0x00, 0x01, 0xB3], "MPEG-2 video without a container"),
        ([0x0B, 0x77], "AC-3 without a container"),
        ([0x12, 0x00, 0x0A], "AV1 without a container"),
        ([0xFF, 0xF1], "AAC in ADTS without a container"),
        ([0xFF, 0xF9], "AAC in ADTS without a container"),
        ([0xFF, 0xFB], "MP3"),
        ([.. "#EXTM3U"u8], "an HLS playlist"),
        ([.. "v=0"u8], "an SDP description"),
    ];

    /// <summary>Names the format of the first bytes of a stream, for a sentence: "this is {name}, not MPEG-TS".</summary>
    /// <returns><see langword="null"/> where nothing is known of it.</returns>
    public static string? NameOf(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] signature, string name) in Signatures)
        {
            if (start.StartsWith(signature)) { return name; }
        }
        if (IsMp4(start)) { return "MP4"; }
        if (IsRtmp(start)) { return "RTMP"; }
        return NameOfByteStream(start) ?? NameOfText(start);
    }

    /// <summary>A box: its size, and one of the types that a file or a segment starts with.</summary>
    private static bool IsMp4(ReadOnlySpan<byte> start)
        => start.Length >= 8 && (start[4..].StartsWith("ftyp"u8) || start[4..].StartsWith("styp"u8) || start[4..].StartsWith("moov"u8) || start[4..].StartsWith("moof"u8)
            || start[4..].StartsWith("mdat"u8) || start[4..].StartsWith("sidx"u8) || start[4..].StartsWith("wide"u8) || start[4..].StartsWith("free"u8));

    /// <summary>C0 and C1 of the handshake: version 3, a time, and four bytes that are 0.</summary>
    private static bool IsRtmp(ReadOnlySpan<byte> start) => start.Length >= 9 && start[0] == 3 && BinaryPrimitives.ReadUInt32BigEndian(start[5..]) == 0;

    /// <summary>Annex B: a start code, then an access unit delimiter, a parameter set, SEI or an IDR picture.</summary>
    private static string? NameOfByteStream(ReadOnlySpan<byte> start)
    {
        int zeros = start.IndexOfAnyExcept((byte)0);
        if (zeros is < 2 or > 3 || start.Length < zeros + 3 || start[zeros] != 1) { return null; }
        byte first = start[zeros + 1];
        bool isHevc = (first >> 1) is >= 32 and <= 39 && (first & 0x81) == 0 && start[zeros + 2] == 1;
        if (isHevc) { return "H.265 without a container"; }
        return (first & NalTypeMask) is 5 or 6 or 7 or 8 or 9 && (first & 0x80) == 0 ? "H.264 without a container" : null;
    }

    private static string? NameOfText(ReadOnlySpan<byte> start)
    {
        bool isText = start.Length >= ShortestText && !start.ContainsAnyExceptInRange((byte)0x09, (byte)0x7E);
        if (!isText) { return null; }
        bool isRequest = start.StartsWith("GET "u8) || start.StartsWith("POST "u8) || start.StartsWith("PUT "u8) || start.StartsWith("OPTIONS "u8)
            || start.StartsWith("ANNOUNCE "u8) || start.StartsWith("DESCRIBE "u8) || start.StartsWith("HTTP/"u8);
        return isRequest ? "HTTP or RTSP" : "text";
    }
}
