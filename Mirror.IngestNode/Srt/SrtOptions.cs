using System.ComponentModel.DataAnnotations;
using System.Text;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams;
using Mirror.Streams.Configuration;

namespace Mirror.IngestNode.Srt;

/// <summary>The SRT listener: section <c>ingestion.srt</c>.</summary>
internal sealed class SrtOptions : IValidatableObject
{
    /// <summary>Whether to listen. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Local address; <c>*</c> is every one, IPv4 and IPv6. Default <c>*</c>.</summary>
    [LocalAddress] public string Address { get; set; } = "*";

    /// <summary>UDP port; 0 takes a free one. Default 30000.</summary>
    [Port(PortProtocol.Udp, AddressProperty = nameof(Address), EnabledProperty = nameof(Enabled))] public int Port { get; set; } = 30000;

    /// <summary>Receive workers that share the port; 0 lets Mirror choose from the number of cores. Default 0.</summary>
    [Range(0, 64)] public int Workers { get; set; }

    /// <summary>Latency window: how long a lost packet may take to be sent again. The greater of this and the publisher's wish holds. Default 120 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.020", "00:00:08")] public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(120);

    /// <summary>Highest rate of one stream, for which receive buffers are sized. Default 50 Mbps.</summary>
    [Range(typeof(Bitrate), "100kbps", "1Gbps")] public Bitrate MaxBandwidth { get; set; } = Bitrate.FromMegabits(50);

    /// <summary>Expected rate of one stream; 0 lets libsrt measure it. Default 0.</summary>
    [Range(typeof(Bitrate), "0", "1Gbps")] public Bitrate InputBandwidth { get; set; }

    /// <summary>Largest payload of one packet: seven TS packets of 188 bytes. Default 1316.</summary>
    [Range(typeof(ByteSize), "188", "1456")] public ByteSize PayloadSize { get; set; } = new(1316);

    /// <summary>Packets in flight at most. Default 25600.</summary>
    [Range(32, 1_000_000)] public int FlowWindow { get; set; } = 25600;

    /// <summary>How long a publisher may be silent before it counts as gone. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")] public TimeSpan PeerIdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Publishers at a time; the next one is refused. Default 25.</summary>
    [Range(1, 1000)] public int MaxConnections { get; set; } = 25;

    /// <summary>How long a stream waits for a publisher that went away to continue it; 0 ends it at once. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")] public TimeSpan ReconnectWindow { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Name of the stream of a caller whose stream ID has none; empty refuses it. Default empty.</summary>
    public string DefaultStream { get; set; } = "";

    /// <summary>The stream's name where a stream ID is a path. Default <see cref="SrtPathNames.Last"/>.</summary>
    public SrtPathNames PathNames { get; set; } = SrtPathNames.Last;

    /// <summary>Encryption of every stream with one passphrase.</summary>
    public SrtEncryptionOptions Encryption { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (DefaultStream.Length > 0 && !StreamId.IsValid(DefaultStream)) { yield return new($"allowed is nothing, or {StreamId.Rule}", [nameof(DefaultStream)]); }
    }
}

/// <summary>Which part of a path such as <c>live/studio/cam</c> is the stream's name.</summary>
internal enum SrtPathNames
{
    /// <summary>The last: <c>cam</c>.</summary>
    Last,

    /// <summary>All of them: <c>live-studio-cam</c>.</summary>
    Joined,

    /// <summary>None: callers with a path are refused.</summary>
    Refused,
}

/// <summary>SRT encryption (AES-CTR): section <c>ingestion.srt.encryption</c>.</summary>
internal sealed class SrtEncryptionOptions : IValidatableObject
{
    private const int ShortestPassphrase = 10;   // SRTO_PASSPHRASE: 10 to 79 bytes
    private const int LongestPassphrase = 79;

    /// <summary>Whether a publisher must know the passphrase. Default false.</summary>
    public bool Enabled { get; set; }

    /// <summary>The passphrase, 10 to 79 bytes of UTF-8. Default none.</summary>
    [Secret] public string Passphrase { get; set; } = "";

    /// <summary>Key length in bits. Default 128.</summary>
    [AllowedValues(128, 192, 256)] public int KeyLength { get; set; } = 128;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Enabled && Encoding.UTF8.GetByteCount(Passphrase) is < ShortestPassphrase or > LongestPassphrase)
        {
            yield return new($"allowed is {ShortestPassphrase} to {LongestPassphrase} bytes while encryption is enabled", [nameof(Passphrase)]);
        }
    }
}
