"""What a record holds, as a row of plain values: JSON, Avro, and Debezium's changes of tables."""
