using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Mirror.Media.Playlists;

/// <summary>Writes the values of playlist attributes as UTF-8, straight into a buffer writer (draft-pantos-hls-rfc8216bis §4.2).</summary>
internal ref struct PlaylistTextWriter(IBufferWriter<byte> output)
{
    private const int LongestNumber = 20;        // a 64-bit integer with its sign
    private const int MicrosecondDigits = 6;     // five are asked for; the sixth keeps the sum of a segment's parts within 1 µs a part
    private const long TicksPerMicrosecond = TimeSpan.TicksPerSecond / 1_000_000;

    public readonly void Write(scoped ReadOnlySpan<byte> text) => output.Write(text);

    public readonly void Write(string text)
    {
        Span<byte> span = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        output.Advance(Encoding.UTF8.GetBytes(text, span));
    }

    public readonly void Write(long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(LongestNumber), out int written);
        output.Advance(written);
    }

    /// <summary>Seconds with six decimals, rounded to the nearest microsecond.</summary>
    public readonly void WriteDuration(TimeSpan duration)
        => WriteMicroseconds((duration.Ticks + TicksPerMicrosecond / 2) / TicksPerMicrosecond, trimZeros: false);

    /// <summary>Seconds with as many decimals as are needed, at least one, rounded up to the microsecond.</summary>
    public readonly void WriteLimit(TimeSpan duration)
        => WriteMicroseconds((duration.Ticks + TicksPerMicrosecond - 1) / TicksPerMicrosecond, trimZeros: true);

    /// <summary>ISO 8601 with milliseconds, in UTC: <c>2026-01-01T00:00:00.000Z</c>.</summary>
    public readonly void WriteDateTime(DateTime time)
    {
        long milliseconds = (time.Ticks + TimeSpan.TicksPerMillisecond / 2) / TimeSpan.TicksPerMillisecond;
        DateTime rounded = new(Math.Min(milliseconds * TimeSpan.TicksPerMillisecond, DateTime.MaxValue.Ticks), DateTimeKind.Utc);
        Span<byte> text = output.GetSpan(24);
        WriteDigits(text, rounded.Year, 4);
        text[4] = (byte)'-';
        WriteDigits(text[5..], rounded.Month, 2);
        text[7] = (byte)'-';
        WriteDigits(text[8..], rounded.Day, 2);
        text[10] = (byte)'T';
        WriteDigits(text[11..], rounded.Hour, 2);
        text[13] = (byte)':';
        WriteDigits(text[14..], rounded.Minute, 2);
        text[16] = (byte)':';
        WriteDigits(text[17..], rounded.Second, 2);
        text[19] = (byte)'.';
        WriteDigits(text[20..], rounded.Millisecond, 3);
        text[23] = (byte)'Z';
        output.Advance(24);
    }

    private readonly void WriteMicroseconds(long microseconds, bool trimZeros)
    {
        Write(microseconds / 1_000_000);
        Span<byte> fraction = output.GetSpan(1 + MicrosecondDigits);
        fraction[0] = (byte)'.';
        WriteDigits(fraction[1..], (int)(microseconds % 1_000_000), MicrosecondDigits);
        int length = 1 + MicrosecondDigits;
        while (trimZeros && length > 2 && fraction[length - 1] == (byte)'0') { length--; }
        output.Advance(length);
    }

    private static void WriteDigits(Span<byte> text, int value, int digits)
    {
        for (int i = digits - 1; i >= 0; i--)
        {
            text[i] = (byte)('0' + value % 10);
            value /= 10;
        }
    }
}
