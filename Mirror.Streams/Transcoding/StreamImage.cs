namespace Mirror.Streams.Transcoding;

/// <summary>A still of a stream.</summary>
/// <param name="Jpeg">A JPEG file.</param>
/// <param name="ProgramTime">Wall-clock time (UTC) of the picture's presentation, by the ingest clock.</param>
public sealed record StreamImage(ReadOnlyMemory<byte> Jpeg, DateTime ProgramTime);
