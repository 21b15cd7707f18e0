namespace Mirror.Functions.Hooks;

/// <summary>A file of JSON objects, one a line. Before it grows beyond its size it becomes <c>NAME.1</c>, that becomes <c>NAME.2</c>, and so on.</summary>
/// <param name="path">The file; its folder is made.</param>
/// <param name="mostBytes">Its size at most, unless a single line is larger.</param>
internal sealed class JsonLinesFile(string path, long mostBytes)
{
    /// <summary>Older files that are kept.</summary>
    public const int Kept = 4;

    private readonly Lock _lock = new();

    /// <summary>Appends a line. The file is opened for each, so that it may be moved away or removed at any time.</summary>
    /// <param name="json">The object, without line breaks.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Append(ReadOnlySpan<byte> json)
    {
        byte[] line = [.. json, (byte)'\n'];
        lock (_lock)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var file = new FileInfo(path);
            if (file.Exists && file.Length > 0 && file.Length + line.Length > mostBytes) { Rotate(); }
            using var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
            stream.Write(line);
        }
    }

    private void Rotate()
    {
        for (int number = Kept; number > 0; number--)
        {
            string newer = number == 1 ? path : $"{path}.{number - 1}";
            if (File.Exists(newer)) { File.Move(newer, $"{path}.{number}", overwrite: true); }
        }
    }
}
