CREATE TABLE books (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    shelf BIGINT NOT NULL,
    title VARCHAR(200) NOT NULL,
    INDEX (shelf)
);
INSERT INTO shelves (label) VALUES ('fiction');
