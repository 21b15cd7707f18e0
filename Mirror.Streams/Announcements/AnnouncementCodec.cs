using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Mirror.Media.Frames;
using Mirror.Streams.Serialization;
using Mirror.Streams.Store;

namespace Mirror.Streams.Announcements;

/// <summary>Announcements of one stream as bytes, for the bus.</summary>
/// <remarks>
/// A message is version(1) stream(text) and entries to its end. An entry is kind(1) sequence(8) epoch(8) discontinuity sequence(4) time(8)
/// rendition(text) and what the kind holds; text is its length(1) and ASCII. Numbers are big-endian. A reader turns down a message as a
/// whole: of another version, cut short, or with a value that no writer gives.
/// </remarks>
internal static class AnnouncementCodec
{
    /// <summary>A part up to this many bytes goes along with its announcement.</summary>
    public const int LargestBytes = 64 * 1024;

    /// <summary>Entries of a message at most.</summary>
    public const int MostEntries = 256;

    private const byte Version = 1;
    private const int LargestTrack = 64 * 1024;              // JSON of a format; decoder configurations are some hundred bytes

    private enum Kind : byte
    {
        Started = 1,
        Init = 2,
        Part = 3,
        Closed = 4,
        Missing = 5,
        Ended = 6,
    }

    [Flags]
    private enum PartFlags : byte
    {
        None = 0,
        Independent = 1,
        EndsSegment = 2,
        StartsDiscontinuity = 4,
        All = 7,
    }

    /// <summary>Begins a message.</summary>
    public static void WriteHeader(IBufferWriter<byte> output, string streamId)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write([Version]);
        WriteText(output, streamId);
    }

    /// <summary>Adds an entry.</summary>
    /// <param name="output">The message.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="bytes">The part, where it goes along.</param>
    public static void Write(IBufferWriter<byte> output, in LogEntry entry, MediaBuffer? bytes)
    {
        ArgumentNullException.ThrowIfNull(output);
        Announcement announcement = entry.Announcement;
        output.Write([(byte)KindOf(announcement)]);
        Write64(output, entry.Sequence);
        Write64(output, entry.Epoch);
        Write32(output, entry.DiscontinuitySequence);
        Write64(output, entry.SentAt);
        WriteText(output, entry.Rendition);
        switch (announcement)
        {
            case RenditionStarted started: Write(output, started); break;
            case InitReady init: Write(output, init); break;
            case PartReady part: Write(output, part, bytes); break;
            case SegmentClosed closed: Write64(output, closed.Msn); break;
            case PartMissing missing: Write(output, missing); break;
            default: break;
        }
    }

    /// <summary>Reads a message. The caller owns one reference of each entry's <see cref="PartReady.Bytes"/>.</summary>
    /// <returns><see langword="false"/> for anything that is no message; nothing is owned then.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, [NotNullWhen(true)] out string? streamId, out List<LogEntry> entries)
    {
        var input = new Input(message);
        entries = [];
        if (input.TryReadByte(out byte version) && version == Version && input.TryReadText(out streamId) && StreamId.IsValid(streamId) && TryReadEntries(ref input, streamId, entries))
        {
            return true;
        }
        foreach (LogEntry entry in entries) { Release(entry); }
        entries.Clear();
        streamId = null;
        return false;
    }

    /// <summary>Gives back the bytes that came with an entry.</summary>
    public static void Release(in LogEntry entry)
    {
        if (entry.Announcement is PartReady { Bytes: { } bytes }) { bytes.Release(); }
    }

    private static bool TryReadEntries(ref Input input, string streamId, List<LogEntry> entries)
    {
        while (!input.IsEmpty)
        {
            if (entries.Count == MostEntries || !input.TryReadByte(out byte kind) || !input.TryRead64(out long sequence) || !input.TryRead64(out long epoch)
                || !input.TryRead32(out int discontinuities) || !input.TryRead64(out long sentAt) || !input.TryReadText(out string rendition)
                || sequence < 0 || epoch < 0 || discontinuities < 0 || !StreamId.IsValid(rendition)) { return false; }
            if (Read(ref input, (Kind)kind, new RenditionKey(streamId, rendition) { Epoch = epoch }) is not { } announcement) { return false; }
            entries.Add(new LogEntry(sequence, discontinuities, sentAt, announcement));
        }
        return true;
    }

    private static Announcement? Read(ref Input input, Kind kind, RenditionKey key) => kind switch
    {
        Kind.Started => ReadStarted(ref input, key),
        Kind.Init => ReadInit(ref input, key),
        Kind.Part => ReadPart(ref input, key),
        Kind.Closed => input.TryRead64(out long msn) && msn >= 0 ? new SegmentClosed(key, msn) : null,
        Kind.Missing => ReadMissing(ref input, key),
        Kind.Ended => new RenditionEnded(key),
        _ => null,
    };

    private static Kind KindOf(Announcement announcement) => announcement switch
    {
        RenditionStarted => Kind.Started,
        InitReady => Kind.Init,
        PartReady => Kind.Part,
        SegmentClosed => Kind.Closed,
        PartMissing => Kind.Missing,
        RenditionEnded => Kind.Ended,
        _ => throw new ArgumentException($"There is no such announcement: {announcement.GetType().Name}.", nameof(announcement)),
    };

    private static void Write(IBufferWriter<byte> output, RenditionStarted started)
    {
        output.Write([started.IsVideo ? (byte)1 : (byte)0]);
        Write32(output, (int)started.Timescale);
        Write32(output, started.TargetDuration);
        Write64(output, started.PartTarget.Ticks);
        Write64(output, started.FirstMsn);
        Write32(output, started.FirstDiscontinuitySequence);
    }

    private static RenditionStarted? ReadStarted(ref Input input, RenditionKey key)
        => input.TryReadByte(out byte isVideo) && input.TryRead32(out int timescale) && input.TryRead32(out int target) && input.TryRead64(out long partTarget)
            && input.TryRead64(out long firstMsn) && input.TryRead32(out int first)
            && isVideo <= 1 && timescale != 0 && target > 0 && partTarget > 0 && firstMsn >= 0 && first >= 0
            ? new RenditionStarted(key, isVideo == 1, (uint)timescale, target, new TimeSpan(partTarget), firstMsn) { FirstDiscontinuitySequence = first }
            : null;

    private static void Write(IBufferWriter<byte> output, InitReady init)
    {
        byte[] track = JsonSerializer.SerializeToUtf8Bytes(init.Track, StreamsJson.Default.Track);
        WriteText(output, init.Name);
        Write32(output, init.Length);
        Write32(output, track.Length);
        output.Write(track);
    }

    private static InitReady? ReadInit(ref Input input, RenditionKey key)
    {
        if (!input.TryReadText(out string name) || !input.TryRead32(out int length) || !input.TryRead32(out int trackLength) || length <= 0 || name.Length == 0
            || trackLength is <= 0 or > LargestTrack || !input.TryTake(trackLength, out ReadOnlySpan<byte> json)) { return null; }
        try { return JsonSerializer.Deserialize(json, StreamsJson.Default.Track) is { } track ? new InitReady(key, name, length, track) : null; }
        catch (Exception error) when (error is JsonException or NotSupportedException or FormatException) { return null; }
    }

    private static void Write(IBufferWriter<byte> output, PartReady part, MediaBuffer? bytes)
    {
        Write64(output, part.Msn);
        Write32(output, part.PartIndex);
        Write32(output, (int)part.Duration);
        Write64(output, part.Offset);
        Write32(output, part.Length);
        output.Write([(byte)Flags(part.IsIndependent, part.EndsSegment, part.StartsDiscontinuity)]);
        Write64(output, part.ProgramTime.Ticks);
        Write32(output, bytes?.Length ?? 0);
        if (bytes is not null) { output.Write(bytes.Span); }
    }

    private static PartReady? ReadPart(ref Input input, RenditionKey key)
    {
        if (!input.TryRead64(out long msn) || !input.TryRead32(out int index) || !input.TryRead32(out int duration) || !input.TryRead64(out long offset) || !input.TryRead32(out int length)
            || !input.TryReadFlags(out PartFlags flags) || !input.TryReadTime(out DateTime time) || !input.TryRead32(out int sent)
            || msn < 0 || index < 0 || offset < 0 || length <= 0 || (sent != 0 && sent != length) || sent > LargestBytes || !input.TryTake(sent, out ReadOnlySpan<byte> bytes)) { return null; }
        return new PartReady(key, msn, index, (uint)duration, offset, length, flags.HasFlag(PartFlags.Independent), flags.HasFlag(PartFlags.EndsSegment),
            flags.HasFlag(PartFlags.StartsDiscontinuity), time, ReceivedTimestamp: 0)
        { Bytes = sent == 0 ? null : MediaBuffer.CopyOf(bytes) };
    }

    private static void Write(IBufferWriter<byte> output, PartMissing missing)
    {
        Write64(output, missing.Msn);
        Write32(output, missing.PartIndex);
        Write32(output, (int)missing.Duration);
        output.Write([(byte)Flags(isIndependent: false, missing.EndsSegment, missing.StartsDiscontinuity)]);
        Write64(output, missing.ProgramTime.Ticks);
    }

    private static PartMissing? ReadMissing(ref Input input, RenditionKey key)
        => input.TryRead64(out long msn) && input.TryRead32(out int index) && input.TryRead32(out int duration) && input.TryReadFlags(out PartFlags flags)
            && input.TryReadTime(out DateTime time) && msn >= 0 && index >= 0
            ? new PartMissing(key, msn, index, (uint)duration, flags.HasFlag(PartFlags.EndsSegment), time) { StartsDiscontinuity = flags.HasFlag(PartFlags.StartsDiscontinuity) }
            : null;

    private static PartFlags Flags(bool isIndependent, bool endsSegment, bool startsDiscontinuity)
        => (isIndependent ? PartFlags.Independent : PartFlags.None) | (endsSegment ? PartFlags.EndsSegment : PartFlags.None) | (startsDiscontinuity ? PartFlags.StartsDiscontinuity : PartFlags.None);

    private static void WriteText(IBufferWriter<byte> output, string text)
    {
        if (text.Length > byte.MaxValue) { throw new ArgumentException("A text has up to 255 characters.", nameof(text)); }
        Span<byte> span = output.GetSpan(1 + text.Length);
        span[0] = (byte)text.Length;
        Encoding.ASCII.GetBytes(text, span[1..]);
        output.Advance(1 + text.Length);
    }

    private static void Write32(IBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    private static void Write64(IBufferWriter<byte> output, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    /// <summary>What is left of a message.</summary>
    private ref struct Input(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public readonly bool IsEmpty => _rest.IsEmpty;

        public bool TryTake(int length, out ReadOnlySpan<byte> bytes)
        {
            bytes = default;
            if (length < 0 || length > _rest.Length) { return false; }
            bytes = _rest[..length];
            _rest = _rest[length..];
            return true;
        }

        public bool TryReadByte(out byte value)
        {
            bool isThere = TryTake(1, out ReadOnlySpan<byte> bytes);
            value = isThere ? bytes[0] : (byte)0;
            return isThere;
        }

        public bool TryRead32(out int value)
        {
            bool isThere = TryTake(4, out ReadOnlySpan<byte> bytes);
            value = isThere ? BinaryPrimitives.ReadInt32BigEndian(bytes) : 0;
            return isThere;
        }

        public bool TryRead64(out long value)
        {
            bool isThere = TryTake(8, out ReadOnlySpan<byte> bytes);
            value = isThere ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;
            return isThere;
        }

        public bool TryReadText(out string text)
        {
            text = "";
            if (!TryReadByte(out byte length) || !TryTake(length, out ReadOnlySpan<byte> bytes) || !Ascii.IsValid(bytes)) { return false; }
            text = Encoding.ASCII.GetString(bytes);
            return true;
        }

        public bool TryReadFlags(out PartFlags flags)
        {
            bool isThere = TryReadByte(out byte value);
            flags = (PartFlags)value;
            return isThere && flags <= PartFlags.All;
        }

        public bool TryReadTime(out DateTime time)
        {
            bool isThere = TryRead64(out long ticks) && ticks >= 0 && ticks <= DateTime.MaxValue.Ticks;
            time = new DateTime(isThere ? ticks : 0, DateTimeKind.Utc);
            return isThere;
        }
    }
}
